package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What takes a viewer and reads nothing of the house for them, or not as them; whoever adds to it says why.
var outsideTheWall = map[string]string{
	"AuditRead":        "writes a line and reads nothing",
	"AcceptInvitation": "the code says who may, and a stranger can have it",
	"CreateToken":      "writes a row of the account itself and reads nothing",
	"Subscribe":        "an endpoint can be another account's, and moves",
}

// Whoever adds a function for a viewer reads in it behind the wall. That nothing is read for one by the house instead is seen
// in the code: a handle of the house never goes along with a viewer.
func TestWhatIsReadForAViewerIsReadBehindTheWall(t *testing.T) {
	files := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	functions := map[string][]*ast.FuncDecl{} // of one name there may be several, of several types
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, is := d.(*ast.FuncDecl); is && fn.Body != nil {
				functions[fn.Name.Name] = append(functions[fn.Name.Name], fn)
			}
		}
	}
	enters := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for name, all := range functions {
			for _, fn := range all {
				if !enters[name] && slices.ContainsFunc(called(fn), func(c string) bool { return c == "as" || enters[c] }) {
					enters[name], grown = true, true
				}
			}
		}
	}
	found := 0
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		for _, fn := range functions[name] {
			if viewer(fn) && fn.Recv != nil && ast.IsExported(name) {
				found++
				if _, known := outsideTheWall[name]; known == enters[name] {
					t.Errorf("%s goes behind the wall: %v", name, enters[name])
				}
			}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				call, is := n.(*ast.CallExpr)
				if !is || !slices.ContainsFunc(call.Args, func(a ast.Expr) bool { return slices.Contains([]string{"tx", "s.db", "s.writer"}, text(a)) }) {
					return true
				}
				if slices.ContainsFunc(functions[last(call.Fun)], func(of *ast.FuncDecl) bool { return viewer(of) && takesQuery(of) }) {
					t.Errorf("%s: %s has %s read for a viewer outside the wall", files.Position(call.Pos()), name, last(call.Fun))
				}
				return true
			})
		}
	}
	if found < 60 {
		t.Errorf("only %d functions for viewers were found", found)
	}
}

func called(fn *ast.FuncDecl) (names []string) {
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is {
			names = append(names, last(call.Fun))
		}
		return true
	})
	return names
}

// last is the name that is called, without what it is called on and for which types.
func last(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.IndexExpr:
		return last(e.X)
	}
	return ""
}

func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return text(e.X) + "." + e.Sel.Name
	}
	return ""
}

func parameter(fn *ast.FuncDecl, is func(string) bool) bool {
	return slices.ContainsFunc(fn.Type.Params.List, func(p *ast.Field) bool {
		if pointer, ok := p.Type.(*ast.StarExpr); ok {
			return is("*" + text(pointer.X))
		}
		return is(text(p.Type))
	})
}

func viewer(fn *ast.FuncDecl) bool {
	return parameter(fn, func(t string) bool { return t == "kita.Viewer" || t == "*kita.Viewer" })
}

func takesQuery(fn *ast.FuncDecl) bool {
	return parameter(fn, func(t string) bool { return t == "query" })
}
