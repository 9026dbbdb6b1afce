package store_test

import (
	"regexp"
	"strings"
	"testing"

	"morgenkreis"
)

// Tables without kita_id, and why. Whoever adds one says it here.
var ofNoKita = map[string]string{
	"meta":             "of the house",
	"secrets":          "of the house",
	"attempts":         "of who knocks, before it is known who that is",
	"accounts":         "a person, who can be in several kitas",
	"sessions":         "of an account",
	"tokens":           "of an account",
	"subscriptions":    "of an account",
	"creations":        "of an account: what it has sent before",
	"providers":        "above the kitas",
	"provider_members": "above the kitas",
	"kitas":            "its id is the kita",
}

// What belongs to a kita says which: so it can be counted, moved, deleted and split by kita.
func TestEveryTableSaysWhichKita(t *testing.T) {
	known := map[string]bool{}
	for _, table := range regexp.MustCompile(`(?ms)^create table (\w+) \((.*?)^\);`).FindAllStringSubmatch(morgenkreis.Schema, -1) {
		name, columns := table[1], table[2]
		known[name] = true
		carries := regexp.MustCompile(`(?m)^  kita_id +text`).MatchString(columns)
		if why, exempt := ofNoKita[name]; carries == exempt {
			t.Errorf("%s carries its kita: %v; it is %q", name, carries, why)
		}
		// Where a row points at one of a kita, it is of that kita: known without looking there.
		if !carries && strings.Contains(columns, "references kitas") {
			t.Errorf("%s points at a kita by another name", name)
		}
	}
	for name := range ofNoKita {
		if !known[name] {
			t.Errorf("there is no table %s", name)
		}
	}
}
