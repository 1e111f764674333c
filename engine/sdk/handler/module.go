package handler

import (
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/unistring"

	"picloud/engine/js"
	"picloud/engine/js/word"
)

// Program is the module of a function, compiled.
type Program struct {
	code      *js.Program // its completion value is the default export
	arguments int         // that its handler can see
}

// Compile turns the text that engine/bundle makes of a module into a program. The error is
// that of [js.Compile].
func Compile(text string) (*Program, error) {
	p := &Program{}
	var err error
	p.code, err = js.Compile(text, func(tree *js.Tree) {
		p.arguments = seenArguments(tree)
		unwrap(tree)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Size is the length of the text in bytes, a measure for the weight of the program in a cache.
func (p *Program) Size() int { return p.code.Size() }

// allArguments is what a handler gets at most; making them costs more than calling it.
const allArguments = 3

// seenArguments looks for the handler in a program as the bundler makes it: one arrow function
// called at once, which ends by returning a name. That name must stand for a function, or an
// object with a method fetch, and must not be used for anything else, so that no other code
// can have touched it. Where this cannot be told, the handler may see all of its arguments.
func seenArguments(tree *js.Tree) int {
	if len(tree.Body) != 1 {
		return allArguments
	}
	_, name, value := returned(tree.Body[0])
	if value == nil || word.Count(tree.Text, name) != 2 {
		return allArguments
	}
	parameters, source := signature(value)
	if parameters == nil || strings.Contains(source, `\u`) || word.Count(source, "arguments")+word.Count(source, "eval") > 0 {
		return allArguments
	}
	seen := len(parameters.List)
	if parameters.Rest != nil {
		return allArguments
	}
	for seen > 0 && isUnused(parameters.List[seen-1], source) {
		seen--
	}
	return min(seen, allArguments)
}

// returned gives the statements of a program made by the bundler, the name it returns and
// what that is declared as; nil for other programs.
func returned(statement ast.Statement) (list []ast.Statement, name string, value ast.Expression) {
	expression, _ := statement.(*ast.ExpressionStatement)
	if expression == nil {
		return nil, "", nil
	}
	call, _ := expression.Expression.(*ast.CallExpression)
	if call == nil {
		return nil, "", nil
	}
	module, _ := call.Callee.(*ast.ArrowFunctionLiteral)
	if module == nil {
		return nil, "", nil
	}
	block, _ := module.Body.(*ast.BlockStatement)
	if block == nil || len(block.List) == 0 {
		return nil, "", nil
	}
	last, _ := block.List[len(block.List)-1].(*ast.ReturnStatement)
	if last == nil {
		return nil, "", nil
	}
	identifier, _ := last.Argument.(*ast.Identifier)
	if identifier == nil {
		return nil, "", nil
	}
	return block.List, identifier.Name.String(), declared(block.List, identifier.Name)
}

// unwrap takes the call around a module away that consists of its handler only, which spares
// every run a function made and called. With it goes the directive.
func unwrap(tree *js.Tree) {
	if len(tree.Body) != 1 {
		return
	}
	list, name, value := returned(tree.Body[0])
	if len(list) != 3 || !isStrict(list[0]) || word.Count(tree.Text, name) != 2 {
		return
	}
	switch value.(type) {
	case *ast.FunctionLiteral, *ast.ObjectLiteral:
		tree.Body[0].(*ast.ExpressionStatement).Expression = value
		tree.Strict = true
	}
}

func isStrict(statement ast.Statement) bool {
	expression, _ := statement.(*ast.ExpressionStatement)
	if expression == nil {
		return false
	}
	directive, _ := expression.Expression.(*ast.StringLiteral)
	return directive != nil && directive.Value == "use strict"
}

func declared(list []ast.Statement, name unistring.String) ast.Expression {
	for _, statement := range list {
		var bindings []*ast.Binding
		switch s := statement.(type) {
		case *ast.FunctionDeclaration:
			if s.Function.Name != nil && s.Function.Name.Name == name {
				return s.Function
			}
		case *ast.VariableStatement:
			bindings = s.List
		case *ast.LexicalDeclaration:
			bindings = s.List
		}
		for _, binding := range bindings {
			if target, ok := binding.Target.(*ast.Identifier); ok && target.Name == name {
				return binding.Initializer
			}
		}
	}
	return nil
}

// signature is of a function, or of the method fetch of an object without surprises.
func signature(value ast.Expression) (*ast.ParameterList, string) {
	switch v := value.(type) {
	case *ast.FunctionLiteral:
		return v.ParameterList, v.Source
	case *ast.ArrowFunctionLiteral:
		return v.ParameterList, v.Source
	case *ast.ObjectLiteral:
		var fetch ast.Expression
		for _, property := range v.Value {
			keyed, ok := property.(*ast.PropertyKeyed)
			if !ok || keyed.Computed || keyed.Kind != ast.PropertyKindValue && keyed.Kind != ast.PropertyKindMethod {
				return nil, ""
			}
			if key, ok := keyed.Key.(*ast.StringLiteral); ok && key.Value == "fetch" {
				if fetch != nil {
					return nil, ""
				}
				fetch = keyed.Value
			}
		}
		if _, nested := fetch.(*ast.ObjectLiteral); !nested && fetch != nil {
			return signature(fetch)
		}
	}
	return nil, ""
}

// isUnused tells that a parameter is a plain name that its function never mentions again.
func isUnused(parameter *ast.Binding, source string) bool {
	name, ok := parameter.Target.(*ast.Identifier)
	return ok && parameter.Initializer == nil && word.Count(source, name.Name.String()) == 1
}
