package handlers_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi/datamodel"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"morgenkreis/handlers"
	"morgenkreis/kita"
)

// described is what the tests read of the OpenAPI document.
type described struct {
	Tags       []struct{ Name, Description string }
	Paths      map[string]map[string]describedOperation
	Components struct {
		Schemas map[string]any
	}
}

type describedOperation struct {
	OperationID, Summary string
	Tags                 []string
	Parameters           []struct{ Name, In string }
	RequestBody          *struct{ Content map[string]any }
	Responses            map[string]struct {
		Description string
		Content     map[string]struct{ Schema map[string]any }
	}
	Security []map[string][]string
	Roles    []kita.Role `json:"x-roles"`
	Scope    string      `json:"x-scope"`
	Audit    string      `json:"x-audit"`
}

func readDescription(t *testing.T) described {
	t.Helper()
	d, err := parseDescription(description(t))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func parseDescription(raw []byte) (described, error) {
	var d described
	err := json.Unmarshal(raw, &d)
	return d, err
}

func TestTheDescriptionIsOpenAPI31(t *testing.T) {
	c := jsonschema.NewCompiler()
	meta, err := jsonschema.UnmarshalJSON(strings.NewReader(datamodel.OpenAPI31SchemaData))
	if err != nil {
		t.Fatal(err)
	}
	const id = "https://spec.openapis.org/oas/3.1/schema/2022-10-07"
	if err := c.AddResource(id, meta); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	raw := description(t)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Error(err)
	}
	broken, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(string(raw), `"in":"path"`, `"in":"nowhere"`, 1)))
	if err != nil || schema.Validate(broken) == nil {
		t.Error("the check lets anything pass")
	}
	schemas := schemasOf(t, raw)
	for name := range readDescription(t).Components.Schemas {
		if _, err := schemas.Compile(describedAt + "#/components/schemas/" + name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryRouteIsDescribed(t *testing.T) {
	d := readDescription(t)
	tags := map[string]bool{}
	for _, tag := range d.Tags {
		if tag.Description == "" || tags[tag.Name] {
			t.Errorf("the noun %s is described badly or twice", tag.Name)
		}
		tags[tag.Name] = true
	}
	ids := map[string]string{}
	operations := 0
	for _, r := range handlers.Routes() {
		what := r.Method + " " + r.Path
		op, ok := d.Paths[handlers.Prefix+r.Path][strings.ToLower(r.Method)]
		if !ok {
			t.Errorf("%s is not described", what)
			continue
		}
		operations++
		if op.Summary == "" || strings.HasSuffix(op.Summary, ".") || op.OperationID == "" {
			t.Errorf("%s: summary %q, id %q", what, op.Summary, op.OperationID)
		}
		if other := ids[op.OperationID]; other != "" {
			t.Errorf("%s and %s are both called %s", what, other, op.OperationID)
		}
		ids[op.OperationID] = what
		if len(op.Tags) != 1 || !tags[op.Tags[0]] {
			t.Errorf("%s: no description of the noun %s: add it to nouns in openapi.go", what, op.Tags)
		}
		wantPermission(t, what, r, op)
		wantAnswers(t, what, r, op)
	}
	for path, item := range d.Paths {
		for method := range item {
			operations--
			if !strings.HasPrefix(path, handlers.Prefix+"/") {
				t.Errorf("%s %s is described, and not in the table", method, path)
			}
		}
	}
	if operations != 0 {
		t.Error("the table and the description have different operations")
	}
}

// wantPermission holds what the description says of who may against the table.
func wantPermission(t *testing.T, what string, r handlers.RouteInfo, op describedOperation) {
	t.Helper()
	var schemes []string
	for _, s := range op.Security {
		schemes = append(schemes, slices.Collect(maps.Keys(s))...)
	}
	want := []string{"session"}
	scope := ""
	if len(r.Scopes) > 0 {
		verb := ":write"
		if r.Method == http.MethodGet {
			verb = ":read"
		}
		want, scope = []string{"session", "token"}, strings.Join(r.Scopes, verb+" ")+verb
	}
	if r.Open {
		want = nil
	}
	if !slices.Equal(schemes, want) || !slices.Equal(op.Roles, r.Roles) || op.Scope != scope || op.Audit != r.Audit {
		t.Errorf("%s: described with %v, roles %v, scope %q, audit %q", what, schemes, op.Roles, op.Scope, op.Audit)
	}
	for _, scope := range strings.Fields(scope) {
		if !slices.Contains(kita.Scopes, scope) {
			t.Errorf("%s: no program can get the scope %s", what, scope)
		}
	}
}

func wantAnswers(t *testing.T, what string, r handlers.RouteInfo, op describedOperation) {
	t.Helper()
	need := []int{401, 422, 500}
	if !r.Open {
		need = append(need, 404)
	}
	if op.RequestBody != nil {
		need = append(need, 413, 415)
	}
	if r.Audit == "write" {
		need = append(need, 409)
	}
	for _, status := range need {
		if _, ok := op.Responses[strconv.Itoa(status)]; !ok {
			t.Errorf("%s: %d is not described", what, status)
		}
	}
	good := 0
	for status, answer := range op.Responses {
		if answer.Description == "" || answer.Description == http.StatusText(http.StatusOK) {
			t.Errorf("%s: %s means nothing", what, status)
		}
		switch status[0] {
		case '2':
			good++
		case '4', '5':
			if len(answer.Content) != 1 || fmt.Sprint(answer.Content["application/problem+json"].Schema) != "map[$ref:#/components/schemas/Problem]" {
				t.Errorf("%s: %s is not a problem: %v", what, status, answer.Content)
			}
		}
	}
	if good == 0 {
		t.Errorf("%s: nothing is said of success", what)
	}
}
