package env

import (
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/unistring"

	"picloud/engine/js"
	"picloud/engine/js/rewrite"
)

// Use is a place in a program where the name of a variable or a secret is read.
type Use struct {
	Name   string
	Line   int // from 1
	Column int // from 1, in bytes
}

// Uses finds the names that a program reads of its environment, as far as its text tells: of env,
// whatever its handler calls it, of process.env and of other properties called env, by what takes
// them apart, and of secrets. A name that is put together when the program runs is not found.
func Uses(tree *js.Tree) []Use {
	r := reading{text: tree.Text, envs: map[unistring.String]bool{"__picloud_env": true}, secrets: map[unistring.String]bool{"__picloud_secrets": true}}
	r.exported = exported(tree)
	for before := 0; before < len(r.envs)+len(r.secrets); { // a name for env may be given another name
		before = len(r.envs) + len(r.secrets)
		rewrite.Visit(tree.Program, r.names)
	}
	rewrite.Visit(tree.Program, r.uses)
	slices.SortStableFunc(r.found, func(a, b Use) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return slices.Compact(r.found)
}

type reading struct {
	text     string
	exported unistring.String // the name of the default export
	envs     map[unistring.String]bool
	secrets  map[unistring.String]bool
	found    []Use
}

// exported is the name that a program made by the bundler returns.
func exported(tree *js.Tree) unistring.String {
	at := strings.LastIndex(tree.Text, "\nreturn ")
	if at < 0 {
		return ""
	}
	name, _, _ := strings.Cut(tree.Text[at+len("\nreturn "):], "}")
	return unistring.String(name)
}

// names learns what env and secrets are called.
func (r *reading) names(node any) {
	switch node := node.(type) {
	case *ast.Binding:
		r.bind(node.Target, node.Initializer)
		if function, ok := node.Initializer.(*ast.ArrowFunctionLiteral); ok && r.isExported(node.Target) {
			r.handler(function.ParameterList)
		}
	case *ast.FunctionLiteral:
		if node.Name != nil && node.Name.Name == r.exported {
			r.handler(node.ParameterList)
		}
		r.parameters(node.ParameterList)
	case *ast.ArrowFunctionLiteral:
		r.parameters(node.ParameterList)
	case *ast.PropertyKeyed:
		if key, ok := node.Key.(*ast.StringLiteral); ok && key.Value == "fetch" {
			switch method := node.Value.(type) {
			case *ast.FunctionLiteral:
				r.handler(method.ParameterList)
			case *ast.ArrowFunctionLiteral:
				r.handler(method.ParameterList)
			}
		}
	}
}

func (r *reading) bind(target ast.BindingTarget, value ast.Expression) {
	name, ok := target.(*ast.Identifier)
	switch {
	case !ok || value == nil:
	case r.isEnv(value):
		r.envs[name.Name] = true
	case r.isSecrets(value):
		r.secrets[name.Name] = true
	}
}

func (r *reading) isExported(target ast.BindingTarget) bool {
	name, ok := target.(*ast.Identifier)
	return ok && name.Name == r.exported
}

// handler learns what a handler calls its second argument.
func (r *reading) handler(parameters *ast.ParameterList) {
	if parameters != nil && len(parameters.List) > 1 {
		if name, ok := parameters.List[1].Target.(*ast.Identifier); ok {
			r.envs[name.Name] = true
		}
	}
}

// parameters learns that functions are handed env under its own name.
func (r *reading) parameters(parameters *ast.ParameterList) {
	if parameters == nil {
		return
	}
	for _, parameter := range parameters.List {
		if name, ok := parameter.Target.(*ast.Identifier); ok && name.Name == "env" {
			r.envs["env"] = true
		}
	}
}

func (r *reading) isEnv(value ast.Expression) bool {
	switch value := value.(type) {
	case *ast.Identifier:
		return r.envs[value.Name]
	case *ast.DotExpression:
		return value.Identifier.Name == "env"
	}
	return false
}

func (r *reading) isSecrets(value ast.Expression) bool {
	name, ok := value.(*ast.Identifier)
	return ok && r.secrets[name.Name]
}

// uses finds the places.
func (r *reading) uses(node any) {
	switch node := node.(type) {
	case *ast.DotExpression:
		if r.isEnv(node.Left) {
			r.use(node.Identifier.Name, node.Identifier.Idx)
		}
	case *ast.BracketExpression:
		if name, ok := node.Member.(*ast.StringLiteral); ok && r.isEnv(node.Left) {
			r.use(name.Value, name.Idx)
		}
	case *ast.Binding:
		if node.Initializer != nil && r.isEnv(node.Initializer) {
			r.pattern(node.Target)
		}
	case *ast.FunctionLiteral:
		if node.Name != nil && node.Name.Name == r.exported && node.ParameterList != nil && len(node.ParameterList.List) > 1 {
			r.pattern(node.ParameterList.List[1].Target)
		}
	case *ast.PropertyKeyed:
		if key, ok := node.Key.(*ast.StringLiteral); ok && key.Value == "fetch" {
			if method, ok := node.Value.(*ast.FunctionLiteral); ok && len(method.ParameterList.List) > 1 {
				r.pattern(method.ParameterList.List[1].Target)
			}
		}
	case *ast.CallExpression:
		method, ok := node.Callee.(*ast.DotExpression)
		if ok && r.isSecrets(method.Left) && len(node.ArgumentList) > 0 {
			if name, ok := node.ArgumentList[0].(*ast.StringLiteral); ok {
				r.use(name.Value, name.Idx)
			}
		}
	}
}

// pattern finds the names that an object is taken apart to.
func (r *reading) pattern(target any) {
	object, ok := target.(*ast.ObjectPattern)
	if !ok {
		return
	}
	for _, property := range object.Properties {
		switch property := property.(type) {
		case *ast.PropertyShort:
			r.use(property.Name.Name, property.Name.Idx)
		case *ast.PropertyKeyed:
			if key, ok := property.Key.(*ast.StringLiteral); ok && !property.Computed {
				r.use(key.Value, key.Idx)
			}
		}
	}
}

func (r *reading) use(name unistring.String, at file.Idx) {
	offset := int(at) - 1
	if !isName(name.String()) || offset < 0 || offset > len(r.text) {
		return
	}
	before := r.text[:offset]
	r.found = append(r.found, Use{Name: name.String(), Line: 1 + strings.Count(before, "\n"), Column: offset - strings.LastIndexByte(before, '\n')})
}

// isName tells what can be a variable and is not what every object has.
func isName(name string) bool {
	switch name {
	case "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf", "constructor", "__proto__":
		return false
	}
	for i, c := range []byte(name) {
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= 64
}
