package rewrite

import (
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// goja reads a < b < c as a < (b < c). Relations associate to the left (ECMA-262, section
// 13.10), and the parentheses that would say so are left out by the build.

// mayChainRelations tells whether a text may have two relations in a row.
func mayChainRelations(text string) bool {
	return strings.Count(text, "<")+strings.Count(text, ">")-strings.Count(text, "=>")+
		strings.Count(text, " in ")+strings.Count(text, " instanceof ") > 1
}

// leftFirst turns a relation whose right side is one too, without parentheses around it.
func leftFirst(node *ast.BinaryExpression, text string) {
	for isRelation(node.Operator) {
		right, ok := node.Right.(*ast.BinaryExpression)
		if !ok || !isRelation(right.Operator) || enclosed(right, text) {
			return
		}
		node.Left = &ast.BinaryExpression{Operator: node.Operator, Left: node.Left, Right: right.Left, Comparison: node.Comparison}
		node.Operator, node.Right, node.Comparison = right.Operator, right.Right, right.Comparison
	}
}

func isRelation(operator token.Token) bool {
	switch operator {
	case token.LESS, token.LESS_OR_EQUAL, token.GREATER, token.GREATER_OR_EQUAL, token.INSTANCEOF, token.IN:
		return true
	}
	return false
}

// enclosed tells whether there are parentheses around a relation, and not only around its left
// side. The tree does not keep them.
func enclosed(relation *ast.BinaryExpression, text string) bool {
	opened, closed := 0, 0
	for at := beginning(relation) - 2; at >= 0 && strings.IndexByte("( \t\n", text[at]) >= 0; at-- {
		if text[at] == '(' {
			opened++
		}
	}
	for at := int(relation.Left.Idx1()) - 1; at >= 0 && at < len(text) && strings.IndexByte(") \t\n", text[at]) >= 0; at++ {
		if text[at] == ')' {
			closed++
		}
	}
	return opened > closed
}

// beginning is where an expression begins in the text, counted from 1.
func beginning(expression ast.Expression) int {
	switch e := expression.(type) {
	case *ast.BinaryExpression:
		return beginning(e.Left)
	case *ast.CallExpression:
		return beginning(e.Callee)
	case *ast.DotExpression:
		return beginning(e.Left)
	case *ast.BracketExpression:
		return beginning(e.Left)
	case *ast.ConditionalExpression:
		return beginning(e.Test)
	case *ast.AssignExpression:
		return beginning(e.Left)
	case *ast.SequenceExpression:
		return beginning(e.Sequence[0])
	case *ast.TemplateLiteral:
		if e.Tag != nil {
			return beginning(e.Tag)
		}
	case *ast.UnaryExpression:
		if e.Postfix {
			return beginning(e.Operand)
		}
	}
	return int(expression.Idx0())
}
