package roster

import (
	"archive/zip"
	"bytes"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"morgenkreis/kita"
)

// What a workbook may unpack to, since a few kilobytes can unpack to gigabytes: all parts together with their pictures;
// one sheet, which is read as a stream; and any other part of XML, which takes up to a hundred times its size in memory.
const (
	maxUnpacked  = 32 << 20
	maxSheetPart = 16 << 20
	maxXMLPart   = 8 << 20
	maxSheets    = 50
)

// unpacks reads every part to its end, because excelize takes a part that is cut off or fails its checksum for a short
// one: children would be missing and nobody would know.
func unpacks(file []byte) Faults {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return Faults{{Code: "file.not_xlsx"}}
	}
	total := int64(0)
	for _, part := range archive.File {
		limit := int64(maxUnpacked) - total
		switch name := strings.ToLower(part.Name); {
		case strings.HasPrefix(name, "xl/worksheets/"):
			limit = min(limit, maxSheetPart)
		case !strings.HasPrefix(name, "xl/media/"):
			limit = min(limit, maxXMLPart)
		}
		content, err := part.Open()
		if err != nil {
			return Faults{{Code: "file.not_xlsx"}}
		}
		n, err := io.Copy(io.Discard, io.LimitReader(content, limit+1))
		content.Close()
		switch total += n; {
		case n > limit:
			return Faults{{Code: "file.unpacks_too_large"}}
		case err != nil:
			return Faults{{Code: "file.not_xlsx"}}
		}
	}
	return nil
}

// readXLSX reads the first visible sheet that holds anything.
func readXLSX(file []byte) (sheet, Faults) {
	if faults := unpacks(file); len(faults) > 0 {
		return sheet{}, faults
	}
	book, err := excelize.OpenReader(bytes.NewReader(file), excelize.Options{
		UnzipSizeLimit: maxUnpacked,
		// Equal to the other limit, so that nothing goes to temporary files: it is about children.
		UnzipXMLSizeLimit: maxUnpacked,
		// What a German Excel shows for its "Datum" format.
		ShortDatePattern: "dd.mm.yyyy",
	})
	if err != nil {
		return sheet{}, Faults{{Code: "file.not_xlsx"}}
	}
	defer book.Close()
	from1904 := false
	if props, err := book.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		from1904 = *props.Date1904
	}
	var chosen sheet
	names := book.GetSheetList()
	for _, name := range names[:min(len(names), maxSheets)] {
		if visible, err := book.GetSheetVisible(name); err != nil || !visible {
			continue
		}
		limit := 1
		if len(chosen.rows) == 0 {
			limit = MaxRows + headerWithin + 1
		}
		rows, faults := readRows(book, name, from1904, limit)
		switch {
		case len(faults) > 0 && len(chosen.rows) == 0:
			return sheet{}, faults
		case len(chosen.rows) == 0:
			chosen.rows = rows
		case len(rows) > 0:
			chosen.unread = append(chosen.unread, name)
		}
	}
	if len(chosen.rows) == 0 {
		return sheet{}, Faults{{Code: "file.empty"}}
	}
	return chosen, nil
}

// readRows walks the sheet twice side by side, once for what a person sees and once for the numbers behind it:
// only the number says which day a date cell means, whatever its format shows.
func readRows(book *excelize.File, name string, from1904 bool, max int) ([]row, Faults) {
	shown, err := book.Rows(name)
	if err != nil {
		return nil, nil
	}
	defer shown.Close()
	behind, err := book.Rows(name)
	if err != nil {
		return nil, nil
	}
	defer behind.Close()
	var rows []row
	cells := 0
	for line := 1; len(rows) < max && shown.Next() && behind.Next(); line++ {
		texts, err := shown.Columns()
		raws, rawErr := behind.Columns(excelize.Options{RawCellValue: true})
		if err != nil || rawErr != nil {
			return nil, Faults{{Code: "file.not_xlsx", Line: line}}
		}
		if cells += len(texts); cells > maxCells {
			return nil, Faults{{Code: "file.too_many_cells"}}
		}
		one := row{line: line, cells: make([]cell, len(texts))}
		for i, text := range texts {
			raw := text
			if i < len(raws) {
				raw = raws[i]
			}
			one.cells[i] = numberCell(text, raw, from1904)
		}
		if !one.empty() {
			rows = append(rows, one)
		}
	}
	if shown.Error() != nil || behind.Error() != nil {
		return nil, Faults{{Code: "file.not_xlsx"}}
	}
	return rows, nil
}

var scientific = regexp.MustCompile(`^[0-9][0-9.,]*E\+?[0-9]+$`)

// numberCell undoes what a sheet does to numbers that are none: a long telephone number becomes 4.9E+11 on the screen.
func numberCell(text, raw string, from1904 bool) cell {
	v, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return cell{text: text}
	}
	c := cell{text: text}
	if text != raw && scientific.MatchString(text) {
		c.text = strconv.FormatFloat(v, 'f', -1, 64)
	}
	// 2958466 would be the first day of the year 10000.
	if v >= 1 && v < 2958466 {
		if t, err := excelize.ExcelDateToTime(v, from1904); err == nil && t.Year() <= 9999 {
			c.day = kita.Day(t.Format(time.DateOnly))
		}
	}
	return c
}
