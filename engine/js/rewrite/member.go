package rewrite

import "github.com/dop251/goja/ast"

// callExec makes a call of a method exec one of [Exec].
func callExec(node *ast.CallExpression) {
	method, ok := node.Callee.(*ast.DotExpression)
	if !ok || method.Identifier.Name != "exec" || isOptional(method.Left) {
		return
	}
	if _, ok := method.Left.(*ast.SuperExpression); ok {
		return
	}
	node.Callee = &ast.Identifier{Name: Exec, Idx: method.Identifier.Idx}
	node.ArgumentList = append([]ast.Expression{method.Left}, node.ArgumentList...)
}

// locate puts [Located] around the stacks that are values in a node.
func locate(node any) {
	for _, value := range values(node) {
		if isStack(*value) {
			*value = called(Located, *value)
		}
	}
}

// values are the expressions of a node that are read and are no target of anything.
func values(node any) []*ast.Expression {
	switch node := node.(type) {
	case *ast.CallExpression:
		if callee, ok := node.Callee.(*ast.Identifier); ok && callee.Name == Located {
			return nil
		}
		return pointers(node.ArgumentList)
	case *ast.NewExpression:
		return pointers(node.ArgumentList)
	case *ast.ArrayLiteral:
		return pointers(node.Value)
	case *ast.TemplateLiteral:
		return pointers(node.Expressions)
	case *ast.SequenceExpression:
		return pointers(node.Sequence)
	case *ast.Binding:
		return []*ast.Expression{&node.Initializer}
	case *ast.AssignExpression:
		return []*ast.Expression{&node.Right}
	case *ast.BinaryExpression:
		return []*ast.Expression{&node.Left, &node.Right}
	case *ast.ConditionalExpression:
		return []*ast.Expression{&node.Consequent, &node.Alternate}
	case *ast.DotExpression:
		return []*ast.Expression{&node.Left}
	case *ast.BracketExpression:
		return []*ast.Expression{&node.Left}
	case *ast.Optional:
		return []*ast.Expression{&node.Expression}
	case *ast.ObjectLiteral:
		var list []*ast.Expression
		for _, property := range node.Value {
			if keyed, ok := property.(*ast.PropertyKeyed); ok {
				list = append(list, &keyed.Value)
			}
		}
		return list
	case *ast.ExpressionBody:
		return []*ast.Expression{&node.Expression}
	case *ast.ReturnStatement:
		return []*ast.Expression{&node.Argument}
	case *ast.ThrowStatement:
		return []*ast.Expression{&node.Argument}
	}
	return nil
}

func pointers(list []ast.Expression) []*ast.Expression {
	all := make([]*ast.Expression, len(list))
	for i := range list {
		all[i] = &list[i]
	}
	return all
}

func isStack(value ast.Expression) bool {
	if chain, ok := value.(*ast.OptionalChain); ok {
		value = chain.Expression
	} else if isOptional(value) {
		return false
	}
	member, ok := value.(*ast.DotExpression)
	return ok && member.Identifier.Name == "stack"
}

// isOptional tells whether an expression is a part of a chain with "?.", which it must not leave.
func isOptional(expression ast.Expression) bool {
	for {
		switch e := expression.(type) {
		case *ast.Optional:
			return true
		case *ast.DotExpression:
			expression = e.Left
		case *ast.PrivateDotExpression:
			expression = e.Left
		case *ast.BracketExpression:
			expression = e.Left
		case *ast.CallExpression:
			expression = e.Callee
		default:
			return false
		}
	}
}
