package handlers_test

import (
	"encoding/json"
	"mime"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"morgenkreis/handlers"
)

// docsFiles are the page to read and try the API and its parts, by address.
func docsFiles(t *testing.T) map[string]string {
	t.Helper()
	entries, err := os.ReadDir("docs")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		address := "/api/" + e.Name()
		if e.Name() == "docs.html" {
			address = "/api/docs"
		}
		files[address] = filepath.Join("docs", e.Name())
	}
	return files
}

func TestThePageOfTheAPIIsServedWholeAndForItselfAlone(t *testing.T) {
	mediaTypes := map[string]string{".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
	onEachEngine(t, func(h *house) {
		for address, file := range docsFiles(t) {
			a := h.stranger().get(address).want(200)
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(a.Raw) != string(content) {
				t.Errorf("%s is not %s", address, file)
			}
			if got, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type")); got != mediaTypes[filepath.Ext(file)] {
				t.Errorf("%s is served as %s", address, got)
			}
			policy := a.Header.Get("Content-Security-Policy")
			for _, need := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
				if !strings.Contains(policy+";", need+";") {
					t.Errorf("%s: the policy lacks %s: %s", address, need, policy)
				}
			}
			if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || strings.Contains(policy, "http") {
				t.Errorf("%s: the policy lets in too much: %s", address, policy)
			}
			h.stranger().with("If-None-Match", a.Header.Get("ETag")).get(address).want(304)
		}
		h.stranger().get("/api/docs-nothing.js").problem(404, "", "not_found")
		h.stranger().get("/api/docs/docs.js").problem(404, "", "not_found")
	})
}

var (
	docsReference = regexp.MustCompile(`(?:src|href)="([^"]+)"|from "([^"]+)"|url\(["']?([/.][^)"']*)|fetch\("([^"]+)"`)
	docsInline    = regexp.MustCompile(`<script>|<style|\sstyle=|\son[a-z]+=|javascript:|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`)
)

func TestThePageOfTheAPIAsksNobodyElse(t *testing.T) {
	for address, file := range docsFiles(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if m := regexp.MustCompile(`(?i)(https?|wss?):|["'(]//`).Find(content); m != nil {
			t.Errorf("%s names another host: %s", address, m)
		}
		if m := docsInline.Find(content); m != nil {
			t.Errorf("%s holds %s, which its policy forbids", address, m)
		}
		for _, m := range docsReference.FindAllStringSubmatch(string(content), -1) {
			to := m[1] + m[2] + m[3] + m[4]
			if rest, ok := strings.CutPrefix(to, "./"); ok {
				to = "/api/" + rest
			}
			if _, ours := docsFiles(t)[to]; !ours && !strings.HasPrefix(to, "/api/openapi.") && !strings.HasPrefix(to, "#") && to != "/" && to != "/icon.svg" {
				t.Errorf("%s points at %s, which is not there", address, to)
			}
		}
	}
}

// runNode runs a module beside a copy of the page's scripts. Node.js is what the app is built with; make tools installs it.
func runNode(t *testing.T, module string, input []byte) []byte {
	t.Helper()
	program, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("Node.js is missing; run make tools")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("docs")); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"package.json": `{"type":"module"}`, "test.js": module} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	scripts, err := filepath.Glob(filepath.Join(dir, "*.js"))
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		if out, err := exec.Command(program, "--check", script).CombinedOutput(); err != nil {
			t.Fatalf("%s\n%s", filepath.Base(script), out)
		}
	}
	cmd := exec.Command(program, filepath.Join(dir, "test.js"))
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(input)), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const makeExamples = `
import { readFileSync } from "node:fs";
import { exampleOf, kindOf, limitsOf, uuid7 } from "./docs-schema.js";

const doc = JSON.parse(readFileSync(0, "utf8"));
const made = Object.keys(doc.components.schemas).map((name) => {
  const schema = { $ref: "#/components/schemas/" + name };
  return { name, all: exampleOf(doc, schema), required: exampleOf(doc, schema, { only: "required" }), kind: kindOf(doc, schema), limits: limitsOf(doc, schema) };
});
console.log(JSON.stringify({ made, id: uuid7(1645557742000, Uint8Array.from({ length: 16 }, (_, i) => i * 17)) }));
`

func TestEveryExampleOnThePageFitsItsSchema(t *testing.T) {
	raw := description(t)
	var out struct {
		Made []struct {
			Name          string
			All, Required any
			Kind          string
		}
		ID string
	}
	if err := json.Unmarshal(runNode(t, makeExamples, raw), &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Made) < 50 {
		t.Fatalf("only %d examples", len(out.Made))
	}
	c := schemasOf(t, raw)
	for _, m := range out.Made {
		schema, err := c.Compile(describedAt + "#/components/schemas/" + m.Name)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(m.All); err != nil {
			t.Errorf("the example of %s: %v", m.Name, err)
		}
		if err := schema.Validate(m.Required); err != nil {
			t.Errorf("the shortest example of %s: %v", m.Name, err)
		}
		if m.Kind == "" || m.Kind == "anything" {
			t.Errorf("%s is called %q", m.Name, m.Kind)
		}
	}
	// RFC 9562, appendix A.6: the same instant, 2022-02-22 14:22:22-05:00.
	if !strings.HasPrefix(out.ID, "017f22e2-79b0-7") || out.ID[19] != '8' || len(out.ID) != 36 {
		t.Errorf("uuid7 makes %s", out.ID)
	}
}

const describedAt = "morgenkreis:openapi.json"

// description is the OpenAPI document as the program prints it.
func description(t *testing.T) []byte {
	t.Helper()
	raw, err := handlers.OpenAPI("test")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// schemasOf can compile every schema of the description, formats included.
func schemasOf(t *testing.T, raw []byte) *jsonschema.Compiler {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource(describedAt, doc); err != nil {
		t.Fatal(err)
	}
	return c
}
