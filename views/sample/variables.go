package sample

import (
	"strings"
	"time"

	"picloud/views"
	"picloud/views/paths"
)

func variables() []views.VariableRow {
	return []views.VariableRow{
		{Name: "GREETING", Value: "Hello, <em>says the shop</em>", Size: 29, UsedBy: []string{"greet"}, SetAt: ago(26 * time.Hour), SetBy: "anna"},
		{Name: "GREETING", Script: "checkout", Size: 0, UsedBy: []string{"checkout"}, SetAt: ago(3 * time.Minute), SetBy: "ben"},
		{Name: "PAYMENT_TOKEN", Secret: true, Size: 43, UsedBy: []string{"checkout", "import", "prices", "receipts", "refunds"}, UsedAt: ago(2 * time.Minute), SetAt: ago(40 * 24 * time.Hour), SetBy: "anna"},
		{Name: "RATES", Value: `{"eur":1,"usd":1.08,"chf":0.95,"gbp":0.86,"sek":11.4,"nok":11.7,"dkk":7.46,"pln`, Cut: true, Size: 1400, SetAt: ago(9 * 24 * time.Hour), SetBy: "<script>alert(1)</script>"},
		{Name: "SIGNING_KEY_OF_THE_SUPPLIER_WITH_A_VERY_LONG_NAME_INDEED_ABCDEFGH", Secret: true, Size: 1704, SetAt: ago(80 * 24 * time.Hour), SetBy: "anna", MissingKey: "k_5d1f0c9a"},
	}
}

func variablePages(at views.Frame) []Page {
	path := paths.Variables(app, "")
	h := head()
	all := views.VariablesProps{Rows: variables()}
	faulty := all
	faulty.Form = views.VariableForm{Name: "1ST", Value: "one\ntwo", Kind: "secret", Script: "prices"}
	faulty.Faults = views.Faults{"name": "\"1ST\" begins with a digit; it must begin with a letter or \"_\"."}
	set := at
	set.Flash = "GREETING is set."
	of := views.VariablesProps{Script: &h, Rows: variables()[2:4]}
	secret := views.VariableProps{Row: variables()[2]}
	own := views.VariableProps{Script: &h, Row: variables()[1], Value: strings.Repeat("one line\r\n", 20), Faults: views.Faults{"value": "The value holds a NUL character, which cannot be kept."}}
	broken := views.PasteProps{Text: "GREETING=Hello\nTOKEN=\"abc\nnothing", Faults: views.Faults{"text": "Line 2: the \" that begins the value is not closed.\nLine 3: there is no \"=\" in \"nothing\"."}}
	preview := views.PreviewProps{Text: "GREETING=Hello\nTOKEN=<script>alert(1)</script>", Rows: []views.PlannedRow{
		{VariableRow: variables()[0], Effect: "changed"},
		{VariableRow: variables()[2], Effect: "set again"},
		{VariableRow: variables()[3], Effect: "same"},
		{VariableRow: views.VariableRow{Name: "TOKEN", Secret: true, Size: 25}, Effect: "new"},
		{VariableRow: views.VariableRow{Name: "COLOUR", Value: "blue", Size: 4}, Effect: "new"},
	}}
	refused := preview
	refused.Script, refused.Faults = &h, views.Faults{"TOKEN": "The value has 70000 bytes; the limit is 65536 (64 KiB).", "": "2 fields need another look."}
	return []Page{
		{"variables", path, 200, views.Variables(set, all)},
		{"variables-faults", path, 422, views.Variables(at, faulty)},
		{"variables-empty", path, 200, views.Variables(at, views.VariablesProps{})},
		{"variables-script", paths.Variables(app, "greet"), 200, views.Variables(at, of)},
		{"variables-script-empty", paths.Variables(app, "greet"), 200, views.Variables(at, views.VariablesProps{Script: &h})},
		{"variable", paths.Variable(app, "", "GREETING"), 200, views.Variable(at, views.VariableProps{Row: variables()[0], Value: "Hello, <em>says the shop</em>"})},
		{"variable-secret", paths.Variable(app, "", "PAYMENT_TOKEN"), 200, views.Variable(at, secret)},
		{"variable-own", paths.Variable(app, "greet", "GREETING"), 422, views.Variable(at, own)},
		{"variable-missing-key", paths.Variable(app, "", variables()[4].Name), 200, views.Variable(at, views.VariableProps{Row: variables()[4]})},
		{"paste", paths.PasteVariables(app, ""), 200, views.Paste(at, views.PasteProps{})},
		{"paste-faults", paths.PasteVariables(app, ""), 422, views.Paste(at, broken)},
		{"paste-preview", paths.PasteVariables(app, ""), 200, views.PastePreview(at, preview)},
		{"paste-refused", paths.ApplyVariables(app, "greet"), 422, views.PastePreview(at, refused)},
	}
}
