package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// docsPage is a page of the documentation whose examples are run.
type docsPage struct {
	t       *testing.T
	p       *product
	name    string
	outside string // a server that stands for api.example.com
	tools   string // folder of the programs that commands name
	shell   *docsShell
}

// real puts in what stands for it in the documentation.
func (d *docsPage) real(text string) string {
	_, port, _ := strings.Cut(d.p.address, ":")
	return strings.NewReplacer("https://api.example.com", d.outside, "api.example.com", strings.TrimPrefix(d.outside, "http://"), ":8080", ":"+port).Replace(text)
}

// told is the same the other way round.
func (d *docsPage) told(text string) string {
	_, port, _ := strings.Cut(d.p.address, ":")
	return strings.NewReplacer(d.outside, "https://api.example.com", strings.TrimPrefix(d.outside, "http://"), "api.example.com", ":"+port, ":8080", d.p.dataDir, "data").Replace(text)
}

func (d *docsPage) fail(b block, format string, args ...any) {
	d.t.Helper()
	d.t.Errorf("docs/%s.md:%d: %s", d.name, b.line, fmt.Sprintf(format, args...))
}

func (d *docsPage) run(blocks []block) {
	d.t.Helper()
	at := func(i int) block {
		if i < 0 || i >= len(blocks) {
			return block{}
		}
		return blocks[i]
	}
	for i, b := range blocks {
		switch b.language {
		case "ts", "tsx", "js":
			if name, module := strings.CutPrefix(at(i-1).text, "module "); module && at(i-1).language == "comment" {
				d.p.putModule(name, b.text)
			} else if b.isFunction() {
				d.publish(b, at(i+1))
			} else {
				d.lines(b, i)
			}
		case "console":
			d.console(b)
		case "sh":
			d.sh(b, at(i+1))
		case "json":
			if at(i-1).language != "sh" {
				d.fail(b, "no command is before this answer")
			}
		case "comment":
			d.set(b)
		case "":
			if strings.Contains(b.text, "127.0.0.1:8080/") || b.isFunction() {
				d.fail(b, "this can be run: say its language")
			}
			d.settings(b)
		default:
			d.fail(b, "%q is no language that is run", b.language)
		}
	}
}

// settings has the flags of a picloud serve read, which would serve for ever.
func (d *docsPage) settings(b block) {
	d.t.Helper()
	for _, command := range regexp.MustCompile(`(?m)^picloud serve(?: \\\n|.)*`).FindAllString(b.text, -1) {
		d.command(b, strings.Replace(command, " serve", " config", 1)+" >/dev/null")
	}
}

var called = regexp.MustCompile(`(?:/fn/main/|main\.localhost:8080/)([a-z0-9-]+)`)

// publish puts a function live under the name that is called next.
func (d *docsPage) publish(b, next block) {
	d.t.Helper()
	name := called.FindStringSubmatch(next.text)
	if next.language != "console" || name == nil {
		d.fail(b, "no console block behind the function calls it")
		return
	}
	language := map[string]string{"ts": "typescript", "tsx": "tsx", "js": "javascript"}[b.language]
	status, body := d.p.api("PUT", "/api/v1/apps/main/scripts/"+name[1], map[string]any{"source": d.real(b.text), "language": language})
	if status >= 300 || strings.Contains(string(body), `"warnings"`) {
		d.fail(b, "published: %d %s", status, body)
	}
}

// lines runs lines of a function.
func (d *docsPage) lines(b block, number int) {
	d.t.Helper()
	source, checks := wrapped(d.real(b.text))
	if checks == 0 {
		d.fail(b, "no line says what it gives")
		return
	}
	name := fmt.Sprintf("lines-%s-%d", d.name, number)
	if status, body := d.p.put("main", name, source); status >= 300 {
		d.fail(b, "published: %d %s", status, body)
		return
	}
	got := d.p.call("POST", "/fn/main/"+name+"/orders/7?name=Ada", strings.NewReader(`{"name":"Ada"}`), "Content-Type", "application/json")
	if got.status != http.StatusOK || got.body != "[]" {
		d.fail(b, "%d %s\n%s", got.status, got.body, d.why(got))
	}
}

// why is the failure of a run, for who mends the example.
func (d *docsPage) why(got reply) string {
	run := got.header.Get("X-Execution-Id")
	if got.status < 500 || run == "" {
		return ""
	}
	d.p.outcome(run)
	_, body := d.p.api("GET", "/api/v1/executions/"+run, nil)
	return string(body)
}

func (d *docsPage) set(b block) {
	d.t.Helper()
	if strings.HasPrefix(b.text, "module ") {
		return // of the block behind
	}
	words := regexp.MustCompile(`^(variable|secret) (\w+)=(.*)$`).FindStringSubmatch(b.text)
	if words == nil {
		d.fail(b, "%q is no comment of this test", b.text)
		return
	}
	d.p.set("main", words[1]+"s", words[2], words[3])
}

// console runs each command and compares what it prints.
func (d *docsPage) console(b block) {
	d.t.Helper()
	for _, part := range strings.Split("\n"+strings.TrimSuffix(b.text, "\n"), "\n$ ")[1:] {
		command, want, _ := strings.Cut(part, "\n")
		got, _ := d.command(b, command)
		if !alike(want, got) {
			d.fail(b, "%s\nprints\n%s\nnot\n%s", command, got, want)
		}
	}
}

// alike compares what two runs may print.
func alike(want, got string) bool {
	var a, b any
	if json.Unmarshal([]byte(want), &a) == nil && json.Unmarshal([]byte(got), &b) == nil {
		return unlike("", a, b) == ""
	}
	return steady(want) == steady(got)
}

// sh runs the commands of a block, and compares the answer with the block behind it.
func (d *docsPage) sh(b, next block) {
	d.t.Helper()
	changes := regexp.MustCompile(` (-X|-d|--data|admin) |KEY=`).MatchString(b.text)
	look, end := time.NewTicker(20*time.Millisecond), time.After(15*time.Second)
	defer look.Stop()
	for {
		why := d.tryShell(b, next)
		if why == "" {
			return
		}
		late := changes // what only reads may be early: runs are written down a moment later
		select {
		case <-end:
			late = true
		case <-look.C:
		}
		if late {
			d.fail(b, "%s", why)
			return
		}
	}
}

func (d *docsPage) tryShell(b, next block) string {
	got, status := d.command(b, strings.TrimSuffix(b.text, "\n"))
	if next.language != "json" {
		if status >= 400 || got != "" && strings.Contains(b.text, "curl") {
			return fmt.Sprintf("%d %s, which the page does not show", status, got)
		}
		return ""
	}
	var want, is any
	if err := json.Unmarshal([]byte(next.text), &want); err != nil {
		return "the answer is no JSON: " + err.Error()
	}
	if err := json.Unmarshal([]byte(got), &is); err != nil {
		return fmt.Sprintf("answers %q: %s", got, err)
	}
	return unlike("", want, is)
}

// command runs commands in the page's shell, and gives what they print and the status of the last
// answer.
func (d *docsPage) command(b block, text string) (printed string, status int) {
	d.t.Helper()
	if d.shell == nil {
		d.shell = startShell(d)
	}
	all, code := d.shell.run(d.real(text))
	if code != 0 {
		d.fail(b, "%s\nends with %d: %s", text, code, all)
	}
	var kept []string
	for line := range strings.SplitSeq(all, "\n") {
		if _, err := fmt.Sscanf(line, "@@%d", &status); err != nil {
			kept = append(kept, line)
		}
	}
	return strings.TrimSpace(strings.ReplaceAll(d.told(strings.Join(kept, "\n")), "\r", "")), status
}

// docsShell is a shell that lives as long as a page.
type docsShell struct {
	in  io.Writer
	out *bufio.Reader
}

func startShell(d *docsPage) *docsShell {
	d.t.Helper()
	cmd := exec.Command("sh")
	cmd.Dir = filepath.Dir(d.p.dataDir)
	cmd.Env = append(slices.Clone(d.p.env), "PATH="+d.tools+":"+os.Getenv("PATH"), "KEY="+d.p.key, "HOME="+d.tools)
	in, err := cmd.StdinPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	return &docsShell{in: in, out: bufio.NewReader(out)}
}

// run gives what a command prints, and its status.
func (s *docsShell) run(command string) (printed string, code int) {
	if _, err := fmt.Fprintf(s.in, "%s\nprintf '\\n@@end %%d\\n' $?\n", command); err != nil {
		return err.Error(), -1
	}
	var all strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			return all.String() + err.Error(), -1
		}
		if _, err := fmt.Sscanf(line, "@@end %d", &code); err == nil {
			return all.String(), code
		}
		all.WriteString(line)
	}
}

// What differs from run to run.
var changing = []struct {
	form *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.]+Z`), "TIME"},
	{regexp.MustCompile(`\bkey [0-9a-f]{8}\b`), "key KEY"},
	{regexp.MustCompile(`\d+ were sealed anew`), "SOME were sealed anew"},
	{regexp.MustCompile(`^[A-Z2-7]{16}$`), "REQUEST"},
}

// steady is a text without what differs from run to run.
func steady(text string) string {
	for _, one := range changing {
		text = one.form.ReplaceAllString(text, one.as)
	}
	return text
}

// unlike says where an answer is not as it is shown; "": nowhere.
func unlike(place string, want, is any) string {
	differs := fmt.Sprintf("%s is %v, shown as %v", place, is, want)
	switch shown := want.(type) {
	case map[string]any:
		real, ok := is.(map[string]any)
		if !ok {
			return differs
		}
		return unlikeObject(place, shown, real)
	case []any:
		real, ok := is.([]any)
		if !ok {
			return differs
		}
		more := len(shown) > 0 && shown[len(shown)-1] == "…"
		if more {
			shown = shown[:len(shown)-1]
		}
		if len(real) < len(shown) || len(real) > len(shown) && !more {
			return fmt.Sprintf("%s has %d entries, shown are %d: %v", place, len(real), len(shown), real)
		}
		for i := range shown {
			if why := unlike(fmt.Sprintf("%s[%d]", place, i), shown[i], real[i]); why != "" {
				return why
			}
		}
	case string:
		if text, ok := is.(string); !ok || steady(text) != steady(shown) {
			return differs
		}
	case float64:
		if number, ok := is.(float64); !ok || number != shown && !strings.HasSuffix(place, "_us") {
			return differs
		}
	default:
		if want != is {
			return differs
		}
	}
	return ""
}

func unlikeObject(place string, shown, real map[string]any) string {
	_, more := shown["…"]
	for name := range real {
		if _, told := shown[name]; !told && !more {
			return fmt.Sprintf("%s.%s is not shown", place, name)
		}
	}
	for name, want := range shown {
		is, there := real[name]
		if name == "…" {
			continue
		}
		if !there {
			return fmt.Sprintf("%s.%s is not there: %v", place, name, real)
		}
		if why := unlike(place+"."+name, want, is); why != "" {
			return why
		}
	}
	return ""
}
