package picloud_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	createTable = regexp.MustCompile(`(?ms)^CREATE TABLE (\w+) \((.*?)^\)`)
	queryName   = regexp.MustCompile(`(?m)^-- name: (\w+) :\w+.*$`)
	lineComment = regexp.MustCompile(`--[^\n]*`)
	where       = regexp.MustCompile(`(?is)\bWHERE\b.*`)
	touches     = regexp.MustCompile(`(?i)\b(?:FROM|JOIN|UPDATE)\s+(?:ONLY\s+)?(\w+)`)
)

// Every query on a tenant's table has app_id in its WHERE, or says in its name that it
// reads across apps, so that no row of one tenant is shown to another by oversight.
func TestQueriesKeepToOneApp(t *testing.T) {
	t.Parallel()
	tenant := tenantTables(t)
	files, err := filepath.Glob("queries/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		starts := queryName.FindAllStringSubmatchIndex(string(text), -1)
		for i, at := range starts {
			end := len(text)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			name := string(text[at[2]:at[3]])
			statement := lineComment.ReplaceAllString(string(text[at[1]:end]), "")
			if table := tenantTableOf(statement, tenant); table != "" && !strings.HasSuffix(name, "AcrossApps") &&
				!strings.Contains(where.FindString(statement), "app_id") {
				t.Errorf("%s: %s reads or changes %s without app_id in its WHERE", file, name, table)
			}
		}
	}
}

func tenantTableOf(statement string, tenant map[string]bool) string {
	for _, found := range touches.FindAllStringSubmatch(statement, -1) {
		if tenant[strings.ToLower(found[1])] {
			return found[1]
		}
	}
	return ""
}

// tenantTables are those whose rows all belong to one app.
func tenantTables(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("db/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range createTable.FindAllStringSubmatch(string(text), -1) {
			if regexp.MustCompile(`(?m)^\s+app_id\s+uuid NOT NULL`).MatchString(found[2]) {
				tables[found[1]] = true
			}
		}
	}
	delete(tables, "app_old_slugs") // leads to an app, as apps does
	if len(tables) < 5 {
		t.Fatalf("only %v have an app", tables)
	}
	return tables
}
