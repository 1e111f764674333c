// Package rewrite changes in a program what goja would take wrongly or for ever.
package rewrite

import (
	"reflect"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/unistring"
)

// internal begins the names of globals that only rewritten programs read.
const internal = "__picloud_"

// Apart is the global function that is put around what is taken apart as an object.
const Apart = internal + "apart"

// Exec is the global function that is called in the place of a method exec, with its object
// before the arguments.
const Exec = internal + "exec"

// Located is the global function that is put around a property stack where it is read.
const Located = internal + "located"

// Guarded is the name under which a rewritten program reads a global that gets its guard when
// it is first read.
func Guarded(name string) string { return internal + name }

// IsInternal tells that a global is not for scripts.
func IsInternal(name string) bool { return strings.HasPrefix(name, internal) }

// Tree changes a parsed program; text is what it was parsed from. globals tells how often the
// text has the name of a global. Where all of those are plain references, they become
// references to [Guarded] names; renamed tells which did.
func Tree(tree *ast.Program, text string, globals map[string]int) (renamed []string) {
	properties, chains := hasProperties(text), mayChainRelations(text)
	matches, stacks := strings.Contains(text, ".exec("), strings.Contains(text, ".stack")
	if !properties && !chains && !matches && !stacks && len(globals) == 0 && !strings.Contains(text, "...") && !strings.Contains(text, "Object.") {
		return nil
	}
	references := map[string][]*ast.Identifier{}
	visit(reflect.ValueOf(tree), map[uintptr]bool{}, func(node any) {
		if stacks {
			locate(node)
		}
		switch node := node.(type) {
		case reference:
			if name := string(node.Name); globals[name] > 0 {
				references[name] = append(references[name], node.Identifier)
			}
		case *ast.RegExpLiteral:
			if properties && strings.Contains(node.Flags, "u") {
				node.Pattern = Pattern(node.Pattern)
			}
		case *ast.BinaryExpression:
			if chains {
				leftFirst(node, text)
			}
		case *ast.ObjectLiteral:
			for _, property := range node.Value {
				if spread, ok := property.(*ast.SpreadElement); ok {
					spread.Expression = guardedApart(spread.Expression)
				}
			}
		case *ast.Binding:
			if node.Initializer != nil && takesRest(node.Target) {
				node.Initializer = guardedApart(node.Initializer)
			}
		case *ast.AssignExpression:
			if takesRest(node.Left) {
				node.Right = guardedApart(node.Right)
			}
		case *ast.CallExpression:
			if matches {
				callExec(node)
			}
			if listsProperties(node.Callee) {
				for i, argument := range node.ArgumentList {
					if _, ok := argument.(*ast.SpreadElement); !ok {
						node.ArgumentList[i] = guardedApart(argument)
					}
				}
			}
		}
	})
	return rename(references, globals) // last, for an identifier's length is part of its place
}

func rename(references map[string][]*ast.Identifier, globals map[string]int) (renamed []string) {
	for name, found := range references {
		if len(found) == globals[name] {
			renamed = append(renamed, name)
			for _, identifier := range found {
				identifier.Name = unistring.NewFromString(Guarded(name))
			}
		}
	}
	return renamed
}

// Visit calls do for every node of a program, before those in it.
func Visit(tree *ast.Program, do func(node any)) {
	visit(reflect.ValueOf(tree), map[uintptr]bool{}, do)
}

// reference is an identifier that stands for the value of a variable.
type reference struct{ *ast.Identifier }

// visit calls do for every node, before those in it, and with the references among them.
func visit(v reflect.Value, seen map[uintptr]bool, do func(node any)) {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		if identifier, ok := v.Interface().(*ast.Identifier); ok && v.Type() == reflect.TypeFor[ast.Expression]() {
			do(reference{identifier})
		}
		visit(v.Elem(), seen, do)
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] {
			return
		}
		seen[v.Pointer()] = true
		do(v.Interface())
		visit(v.Elem(), seen, do)
	case reflect.Struct:
		if !strings.HasSuffix(v.Type().PkgPath(), "goja/ast") {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				visit(v.Field(i), seen, do)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			visit(v.Index(i), seen, do)
		}
	}
}

func takesRest(target any) bool {
	pattern, ok := target.(*ast.ObjectPattern)
	return ok && pattern.Rest != nil
}

// listsProperties tells the functions of Object that list a text character by character.
func listsProperties(callee ast.Expression) bool {
	method, ok := callee.(*ast.DotExpression)
	if !ok {
		return false
	}
	object, ok := method.Left.(*ast.Identifier)
	if !ok || object.Name != "Object" {
		return false
	}
	switch method.Identifier.Name {
	case "assign", "keys", "values", "entries", "getOwnPropertyNames", "getOwnPropertyDescriptors":
		return true
	}
	return false
}

func guardedApart(value ast.Expression) ast.Expression { return called(Apart, value) }

// called is a call of a global function with a value.
func called(name unistring.String, value ast.Expression) ast.Expression {
	at := value.Idx0()
	return &ast.CallExpression{
		Callee:           &ast.Identifier{Name: name, Idx: at},
		LeftParenthesis:  at,
		ArgumentList:     []ast.Expression{value},
		RightParenthesis: value.Idx1(),
	}
}
