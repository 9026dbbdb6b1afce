package handlers_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"morgenkreis/handlers"
	"morgenkreis/kita"
)

var update = flag.Bool("update", false, "write the tables of docs/api.md that follow from the program")

const apiPage = "../docs/api.md"

// TestTheReferenceIsWhatTheProgramSays holds the tables in docs/api.md against the program; with -update it writes them.
func TestTheReferenceIsWhatTheProgramSays(t *testing.T) {
	raw, err := os.ReadFile(apiPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	for name, table := range map[string]string{"values": valuesTable(), "operations": operationsTable(t), "codes": codesTable()} {
		place := regexp.MustCompile(`(?s)(<!-- ` + name + `: make openapi -->\n).*?(<!-- end -->)`)
		if !place.MatchString(page) {
			t.Fatalf("docs/api.md has no place for %s", name)
		}
		page = place.ReplaceAllStringFunc(page, func(old string) string {
			parts := place.FindStringSubmatch(old)
			return parts[1] + "\n" + table + "\n" + parts[2]
		})
	}
	if page == string(raw) {
		return
	}
	if !*update {
		t.Fatal("the tables of docs/api.md are not what the program says: run make openapi")
	}
	if err := os.WriteFile(apiPage, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
}

// markdownTable is a table as Markdown writes it.
func markdownTable(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) {
		for _, c := range cells {
			fmt.Fprintf(&b, "| %s ", strings.ReplaceAll(c, "|", `\|`))
		}
		b.WriteString("|\n")
	}
	line(head)
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	return b.String()
}

func codesTable() string {
	_, en := handlers.Codes()
	var rows [][]string
	for _, code := range slices.Sorted(maps.Keys(en)) {
		rows = append(rows, []string{"`" + code + "`", en[code]})
	}
	return markdownTable([]string{"code", "meaning"}, rows)
}

func operationsTable(t *testing.T) string {
	paths := readDescription(t).Paths
	var rows [][]string
	for _, r := range handlers.Routes() {
		op := paths[handlers.Prefix+r.Path][strings.ToLower(r.Method)]
		people := strings.Join(spelled(op.Roles), ", ")
		switch {
		case r.Open:
			people = "everybody"
		case people == "":
			people = "whoever is signed in"
		}
		scope := op.Scope
		if scope != "" {
			scope = "`" + strings.ReplaceAll(scope, " ", "`, `") + "`"
		}
		log := map[string]string{"write": "changes", "read": "looks"}[op.Audit]
		rows = append(rows, []string{"`" + r.Method + " " + r.Path + "`", op.Summary, people, scope, log})
	}
	return markdownTable([]string{"operation", "what", "people", "programs", "log"}, rows)
}

func valuesTable() string {
	row := func(field string, values []string) []string {
		return []string{field, "`" + strings.Join(values, "`, `") + "`"}
	}
	var illnesses []string
	for _, i := range kita.Illnesses {
		illnesses = append(illnesses, i.Code)
	}
	return markdownTable([]string{"field", "values"}, [][]string{
		row("`kind` of a notice", spelled(kita.NoticeKinds)),
		row("`kind` of an audience", spelled([]kita.AudienceKind{kita.AudienceKita, kita.AudienceGroups, kita.AudienceChildren, kita.AudienceStaff})),
		row("`state` of a notice", spelled([]kita.NoticeState{kita.NoticeScheduled, kita.NoticePublished, kita.NoticeWithdrawn})),
		row("`state` of a recipient", spelled(kita.RecipientStates)),
		row("`reason` of an absence", spelled(kita.AbsenceReasons)),
		row("`illness`", illnesses),
		row("`relation` of a guardian", kita.Relations),
		row("`role`", spelled([]kita.Role{kita.RoleOperator, kita.RoleProvider, kita.RoleLeader, kita.RoleEducator, kita.RoleGuardian})),
		row("`federal_state`", spelled(kita.States)),
		row("`regime` (which data protection law holds)", kita.Regimes),
		row("`language`", kita.Languages),
		row("`sound` of an account", spelled(kita.Sounds)),
		row("`colour`", kita.Colours),
		row("`icon`", kita.Icons),
		row("`scopes`", kita.Scopes),
	})
}

func spelled[S ~string](values []S) []string {
	w := make([]string, len(values))
	for i, v := range values {
		w[i] = string(v)
	}
	return w
}
