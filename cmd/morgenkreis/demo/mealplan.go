package demo

import (
	"bytes"

	"codeberg.org/go-pdf/fpdf"
)

// mealPlan is the week's menu as the kitchen prints it.
func (p *play) mealPlan() ([]byte, error) {
	pdf := fpdf.New("L", "mm", "A4", "")
	out, days := p.cal.menu()
	made := p.cal.at(out, "12:00")
	pdf.SetCreationDate(made)
	pdf.SetModificationDate(made)
	pdf.SetTitle("Speiseplan", true)
	pdf.SetLang("de")
	pdf.SetMargins(20, 18, 20)
	pdf.AddPage()
	western := pdf.UnicodeTranslatorFromDescriptor("")
	pdf.SetFont("Helvetica", "B", 24)
	pdf.CellFormat(0, 14, western("Speiseplan der Kita "+sonnenschein), "", 1, "L", false, 0, "")
	pdf.SetFont("Helvetica", "", 11)
	pdf.CellFormat(0, 8, western("Wasser und ungesüßter Tee stehen immer bereit. Obst und Gemüse zu jeder Mahlzeit."), "", 1, "L", false, 0, "")
	pdf.Ln(4)
	widths := []float64{40, 98, 62, 57}
	row := func(style string, height float64, cells ...string) {
		pdf.SetFont("Helvetica", style, 11)
		for i, text := range cells {
			pdf.CellFormat(widths[i], height, western(text), "1", 0, "L", style == "B", 0, "")
		}
		pdf.Ln(height)
	}
	pdf.SetFillColor(253, 236, 200)
	row("B", 10, "Tag", "Mittag", "Vesper", "enthält")
	meals := [][3]string{
		{"Gemüsesuppe mit Sternchennudeln", "Knäckebrot, Möhren", "Weizen, Sellerie"},
		{"Kartoffelbrei mit Spinat und Ei", "Naturjoghurt, Birne", "Milch, Ei"},
		{"Linsen mit Reis und Möhren", "Brot mit Frischkäse", "Weizen, Milch"},
		{"Fischfilet, Kartoffeln, Gurkensalat", "Obstteller", "Fisch, Weizen"},
		{"Milchreis mit Kirschen, vorweg Rohkost", "Brot mit Aufstrich, Apfel", "Milch, Weizen"},
	}
	for i, day := range days {
		row("", 16, short(day), meals[i][0], meals[i][1], meals[i][2])
	}
	pdf.Ln(6)
	pdf.SetFont("Helvetica", "", 10)
	pdf.MultiCell(0, 6, western("Alle Speisen sind ohne Schweinefleisch und ohne Nüsse. Für Kinder mit Unverträglichkeiten kochen wir getrennt; Änderungen gibt die Gruppe an die Küche weiter."), "", "L", false)
	var sheet bytes.Buffer
	err := pdf.Output(&sheet)
	return sheet.Bytes(), err
}
