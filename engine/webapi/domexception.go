package webapi

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"
)

// DOMException of Web IDL, section 2.8 and 4.4.

type domException struct{ name, message string }

// codeNames are the legacy codes, from 1 (Web IDL, section 2.8.1).
const codeNames = "IndexSizeError DOMStringSizeError HierarchyRequestError WrongDocumentError InvalidCharacterError " +
	"NoDataAllowedError NoModificationAllowedError NotFoundError NotSupportedError InUseAttributeError " +
	"InvalidStateError SyntaxError InvalidModificationError NamespaceError InvalidAccessError ValidationError " +
	"TypeMismatchError SecurityError NetworkError AbortError URLMismatchError QuotaExceededError TimeoutError " +
	"InvalidNodeTypeError DataCloneError"

const codeConstants = "INDEX_SIZE_ERR DOMSTRING_SIZE_ERR HIERARCHY_REQUEST_ERR WRONG_DOCUMENT_ERR INVALID_CHARACTER_ERR " +
	"NO_DATA_ALLOWED_ERR NO_MODIFICATION_ALLOWED_ERR NOT_FOUND_ERR NOT_SUPPORTED_ERR INUSE_ATTRIBUTE_ERR " +
	"INVALID_STATE_ERR SYNTAX_ERR INVALID_MODIFICATION_ERR NAMESPACE_ERR INVALID_ACCESS_ERR VALIDATION_ERR " +
	"TYPE_MISMATCH_ERR SECURITY_ERR NETWORK_ERR ABORT_ERR URL_MISMATCH_ERR QUOTA_EXCEEDED_ERR TIMEOUT_ERR " +
	"INVALID_NODE_TYPE_ERR DATA_CLONE_ERR"

func domExceptionClass() *class {
	var constants []member
	for i, name := range strings.Fields(codeConstants) {
		constants = append(constants, constant(name, i+1))
	}
	return &class{
		name: "DOMException", ofErrors: true,
		construct: newDOMException,
		members: append([]member{
			attribute("name", func(c invocation) goja.Value { return c.vm.ToValue(self[*domException](c).name) }),
			attribute("message", func(c invocation) goja.Value { return c.vm.ToValue(self[*domException](c).message) }),
			attribute("code", func(c invocation) goja.Value { return c.vm.ToValue(self[*domException](c).code()) }),
		}, constants...),
		statics: constants,
	}
}

func (e *domException) code() int {
	for i, name := range strings.Fields(codeNames) {
		if name == e.name && name != "DOMStringSizeError" && name != "NoDataAllowedError" && name != "ValidationError" {
			return i + 1
		}
	}
	return 0
}

func newDOMException(c invocation) any {
	e := &domException{name: "Error"}
	if c.given(0) {
		e.message = c.text(c.args[0])
	}
	if c.given(1) {
		e.name = c.text(c.args[1])
	}
	c.addStack(c.this.(*goja.Object), e)
	return e
}

// exception makes a DOMException.
func (r *realm) exception(name, format string, args ...any) *goja.Object {
	e := &domException{name: name, message: fmt.Sprintf(format, args...)}
	object := r.instance(classDOMException, e)
	r.addStack(object, e)
	return object
}

// addStack gives the own property that every JavaScript error has (Web IDL, section 4.4).
func (r *realm) addStack(object *goja.Object, e *domException) {
	var text strings.Builder
	text.WriteString(e.name)
	if e.message != "" {
		text.WriteString(": " + e.message)
	}
	stack := r.vm.CaptureCallStack(20, nil)
	r.sandbox.RememberPlace(object, stack)
	for _, frame := range stack {
		if frame.SrcName() == "<native>" || frame.SrcName() == "" {
			continue
		}
		at := frame.Position()
		fmt.Fprintf(&text, "\n    at %s (%s:%d:%d)", frame.FuncName(), frame.SrcName(), at.Line, at.Column)
	}
	must(object.DefineDataProperty("stack", r.vm.ToValue(text.String()), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
}

func (r *realm) throw(name, format string, args ...any) {
	panic(r.exception(name, format, args...))
}
