package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// delimiters, the likeliest first: German office software writes semicolons because its decimals have commas.
const delimiters = ";,\t|"

// headerWithin is how many rows are looked at for the headings: lists made by hand begin with a title.
const headerWithin = 10

func readCSV(file []byte) (sheet, Faults) {
	text, ok := decode(file)
	if !ok {
		return sheet{}, Faults{{Code: "file.encoding"}}
	}
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	candidates := delimiters
	first, _, _ := strings.Cut(text, "\n")
	first = strings.TrimRight(first, "\r")
	// Excel's own hint. The line stays in the text, so that the lines are counted as an editor counts them.
	hint, hinted := strings.CutPrefix(strings.ToLower(first), "sep=")
	if hinted = hinted && len(hint) == 1 && strings.Contains(delimiters, hint); hinted {
		candidates = hint
	}
	comma, best := rune(candidates[0]), -1
	for _, c := range candidates {
		s, _ := splitCSV(text, c, headerWithin)
		if _, known := findHeader(s.rows); known > best {
			comma, best = c, known
		}
	}
	s, faults := splitCSV(text, comma, MaxRows+headerWithin+1)
	if hinted && len(s.rows) > 0 && s.rows[0].line == 1 {
		s.rows = s.rows[1:]
	}
	return s, faults
}

// splitCSV reads at most max rows that are not empty. A row whose quotation marks do not match is a fault, and the
// reading goes on after it.
func splitCSV(text string, comma rune, max int) (sheet, Faults) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = comma
	r.FieldsPerRecord = -1
	s := sheet{shifts: true}
	var faults Faults
	cells := 0
	for len(s.rows) < max {
		record, err := r.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return s, faults
		case errors.As(err, &broken):
			faults = append(faults, Fault{Line: broken.StartLine, Code: "csv.quotes"})
			continue
		}
		if cells += len(record); cells > maxCells {
			return sheet{}, Faults{{Code: "file.too_many_cells"}}
		}
		line, _ := r.FieldPos(0)
		one := row{line: line, cells: make([]cell, len(record))}
		for i, text := range record {
			one.cells[i].text = text
		}
		if !one.empty() {
			s.rows = append(s.rows, one)
		}
	}
	return s, faults
}

// foreignLetters finds what the umlauts of DOS (code page 850) and of old Macs turn into when they are taken for
// Windows-1252: a control character, or a capital or a sign in the middle of a word.
var foreignLetters = regexp.MustCompile(`[\x{80}-\x{9f}]|\p{L}[ŠŽŸ§„‚”†™€]\p{Ll}`)

// decode tells the encoding from the bytes: by a byte order mark (UTF-8, UTF-16); as UTF-8 when all of it is valid;
// otherwise as Windows-1252. It answers false rather than read an umlaut as something else.
func decode(file []byte) (string, bool) {
	if bytes.HasPrefix(file, []byte("\xFF\xFE")) || bytes.HasPrefix(file, []byte("\xFE\xFF")) {
		text, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Bytes(file)
		return string(text), err == nil
	}
	if unmarked, marked := bytes.CutPrefix(file, []byte("\xEF\xBB\xBF")); marked || utf8.Valid(file) {
		return string(unmarked), utf8.Valid(unmarked) && !bytes.Contains(unmarked, []byte{0})
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(file)
	return string(text), err == nil && !bytes.Contains(text, []byte{0}) && !foreignLetters.Match(text)
}
