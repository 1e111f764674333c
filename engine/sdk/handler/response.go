package handler

import (
	"fmt"
	"reflect"

	"github.com/dop251/goja"

	"picloud/engine/body"
	"picloud/engine/call"
	"picloud/engine/js/json"
	"picloud/engine/webapi"
)

// response turns what a function returned into an answer: a Response as it is, a string as
// text, null and undefined as 204, anything else with a JSON form as JSON.
func (r *Run) response(value goja.Value) (call.Response, error) {
	if value == nil || goja.IsUndefined(value) || goja.IsNull(value) {
		return call.Response{Status: 204}, nil
	}
	if webapi.IsResponse(r.s, value) {
		return r.ownResponse(value)
	}
	if text, ok := value.(goja.String); ok {
		return r.text(plainText, text.String())
	}
	if object, ok := value.(*goja.Object); ok {
		if object.ClassName() == "String" {
			return r.text(plainText, object.String())
		}
		if problem := r.refused(object); problem != "" {
			return call.Response{}, invalid(problem)
		}
	}
	text, ok, err := json.Stringify(r.s, value)
	if err != nil {
		return call.Response{}, r.unserialisable(err)
	}
	if !ok {
		return call.Response{}, invalid("The function returned a value that has no JSON form (a function or a symbol). Return a Response, a string or plain data.")
	}
	return r.text(plainJSON, text)
}

// The headers of plain answers, which nobody changes.
var (
	plainText = []call.Field{{Name: "content-type", Value: "text/plain;charset=utf-8"}}
	plainJSON = []call.Field{{Name: "content-type", Value: "application/json"}}
)

func (r *Run) ownResponse(value goja.Value) (call.Response, error) {
	response, err := webapi.ReadResponse(r.s, value, r.in.Limits.Response)
	if err != nil {
		if _, ok := err.(*goja.Exception); ok {
			return call.Response{}, err
		}
		return call.Response{}, invalid(err.Error())
	}
	if response.Status < 200 || response.Status > 599 {
		return call.Response{}, invalid(fmt.Sprintf("The function answered with status %d; it must be from 200 to 599.", response.Status))
	}
	if size := response.Body.Size(); size > r.in.Limits.Response {
		return call.Response{}, r.tooLarge(size)
	}
	size := 0
	for _, field := range response.Header {
		size += len(field.Name) + len(field.Value)
	}
	if size > maxHeader || len(response.Header) > maxFields {
		return call.Response{}, invalid(fmt.Sprintf("The answer's headers are %d fields with %d bytes; at most %d fields and %d bytes are allowed.",
			len(response.Header), size, maxFields, maxHeader))
	}
	return response, nil
}

// The limits of an answer's headers, which servers in front of PiCloud have too.
const (
	maxHeader = 64 << 10 // bytes of names and values
	maxFields = 500
)

func (r *Run) text(header []call.Field, text string) (call.Response, error) {
	if size := int64(len(text)); size > r.in.Limits.Response {
		return call.Response{}, r.tooLarge(size)
	}
	return call.Response{
		Status: 200,
		Header: header,
		Body:   body.Text(text),
	}, nil
}

func (r *Run) tooLarge(size int64) error {
	return invalid(fmt.Sprintf("The answer has %d bytes; at most %d are allowed.", size, r.in.Limits.Response))
}

// isAsyncGenerator knows what the build makes of one: an object with the three methods.
func isAsyncGenerator(object *goja.Object) bool {
	for _, method := range [...]string{"next", "throw", "return"} {
		if _, ok := goja.AssertFunction(object.Get(method)); !ok {
			return false
		}
	}
	return true
}

// refused names values whose JSON form is hardly what was meant.
func (r *Run) refused(object *goja.Object) string {
	if object.ClassName() == "Error" {
		return "The function returned an Error. Throw it, or return a Response with a status."
	}
	if tag, ok := object.GetSymbol(goja.SymToStringTag).(goja.String); ok && tag.String() == "Generator" {
		return "The function returned a generator, whose JSON form is empty. Return [...generator]."
	}
	if isAsyncGenerator(object) {
		return "The function returned an async generator, whose JSON form is empty. Collect it with for await and return the list."
	}
	problem := ""
	switch kind := object.ExportType(); {
	case kind == reflect.TypeFor[goja.ArrayBuffer](), kind.Kind() == reflect.Slice && kind.Elem().Kind() < reflect.Array:
		return "The function returned bytes. Return new Response(bytes)."
	case kind == reflect.TypeFor[[][2]any]():
		problem = "The function returned a Map, whose JSON form is empty. Return Object.fromEntries(map)."
	case kind == reflect.TypeFor[[]any]() && object.ClassName() != "Array":
		problem = "The function returned a Set, whose JSON form is empty. Return [...set]."
	default:
		switch name := webapi.InterfaceOf(r.s, object); name {
		case "":
			return ""
		case "Response":
			problem = "The function returned an object that only inherits from a Response. Return the Response itself."
		case "Blob", "File", "FormData", "URLSearchParams":
			problem = "The function returned a " + name + ". Return it as new Response(value)."
		default:
			problem = "The function returned an object of the class " + name + ", whose JSON form is empty. Return a Response, a string or plain data."
		}
	}
	if _, ok := goja.AssertFunction(object.Get("toJSON")); ok {
		return ""
	}
	return problem
}

// unserialisable tells what JSON could not take as a wrong return value, but leaves what the
// function's own code threw as it is.
func (r *Run) unserialisable(err error) error {
	thrown, ok := err.(*goja.Exception)
	if !ok {
		return err
	}
	failure := r.s.Explain(thrown.Value())
	if (failure.Name == "TypeError" || failure.Name == "RangeError") && len(failure.Stack) == 0 {
		return invalid("The value returned cannot be sent as JSON: " + failure.Message)
	}
	return err
}
