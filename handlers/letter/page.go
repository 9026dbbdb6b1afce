package letter

import (
	"fmt"
	"math"
	"strconv"

	"codeberg.org/go-pdf/fpdf"
)

// Measures in millimetres from the upper left corner of A4. The address field, the fold marks and the hole mark are where
// DIN 5008 form B has them, so that the letter fits a window envelope and a binder.
const (
	left, right   = 25.0, 190.0
	width         = right - left
	infoLeft      = 125.0
	addressWidth  = 80.0
	returnLine    = 60.0
	addressTop    = 63.5
	addressPitch  = 5.0
	infoTop       = 64.0
	titleTop      = 96.0
	panelTop      = 123.5
	panelHeight   = 49.0
	qrSide        = 43.0
	stepsTop      = 177.5
	foreignTop    = 225.5
	columnGap     = 8.0
	firstFold     = 105.0
	secondFold    = 210.0
	hole          = 148.5
	pointsToMilli = 25.4 / 72
)

type colour struct{ r, g, b int }

var (
	ink    = colour{33, 37, 41}
	faint  = colour{105, 112, 120}
	accent = colour{22, 94, 101}
	paper  = colour{241, 246, 245}
	circle = []colour{{22, 94, 101}, {232, 154, 44}, {196, 74, 62}, {96, 143, 72}}
)

// setter sets one page after another.
type setter struct{ *fpdf.Fpdf }

func (p setter) page(s sheet) {
	p.letterhead(s)
	p.marks()
	p.addressField(s)
	p.german(s)
	p.panel(s)
	p.foreign(s)
}

func (p setter) letterhead(s sheet) {
	p.font("B", 20, accent)
	p.line(left, 21, width-24, 20, s.kita)
	p.font("", 9, faint)
	p.line(left, 31, width-24, 9, s.contact)
	p.children(right-8, 25, 8)
}

// children sit in their morning circle.
func (p setter) children(x, y, radius float64) {
	const n = 12
	for i := range n {
		angle := 2*math.Pi*float64(i)/n - math.Pi/2
		p.fill(circle[i%len(circle)])
		p.Circle(x+radius*math.Cos(angle), y+radius*math.Sin(angle), 1.35, "F")
	}
}

func (p setter) marks() {
	p.SetDrawColor(faint.r, faint.g, faint.b)
	p.SetLineWidth(0.15)
	for _, mark := range []struct{ y, length float64 }{{firstFold, 3.5}, {hole, 5.5}, {secondFold, 3.5}} {
		p.Line(5, mark.y, 5+mark.length, mark.y)
	}
}

func (p setter) addressField(s sheet) {
	sender := s.kita
	if s.contact != "" {
		sender += " · " + s.contact
	}
	p.font("", 7, faint)
	p.line(left, returnLine-3.2, addressWidth, 7, sender)
	p.SetLineWidth(0.1)
	p.Line(left, returnLine, left+addressWidth, returnLine)
	p.font("", 11, ink)
	for i, text := range append([]string{s.to}, s.address...) {
		p.line(left, addressTop+float64(i)*addressPitch, addressWidth, 11, text)
	}
	p.font("", 8, faint)
	p.line(infoLeft, infoTop, right-infoLeft, 8, labelDay)
	p.font("", 10.5, ink)
	p.line(infoLeft, infoTop+4, right-infoLeft, 10.5, s.languages[0].on(s.day))
}

func (p setter) german(s sheet) {
	t := s.languages[0]
	p.font("B", 14, accent)
	p.line(left, titleTop, width, 14, t.title)
	p.font("", 10.5, ink)
	p.line(left, titleTop+9.5, width, 10.5, fmt.Sprintf(t.greeting, s.to))
	p.paragraph(left, titleTop+16, width, 5, t.intro)
	y := stepsTop
	for i, step := range t.steps {
		p.number(left, y, 5.4, i+1)
		p.font("", 10.5, ink)
		y = p.paragraph(left+9, y+0.2, width-9, 5, step) + 1.6
	}
	p.font("", 9, faint)
	p.paragraph(left, y+1, width, 4.4, fmt.Sprintf(t.note, t.on(s.validUntil)))
}

// panel holds what is needed to sign up: the QR code, and the same for typing.
func (p setter) panel(s sheet) {
	p.fill(paper)
	p.RoundedRect(left, panelTop, width, panelHeight, 3, "1234", "F")
	p.code(left+3, panelTop+3, qrSide, s.qr)
	x := left + 3 + qrSide + 7
	rest := right - 5 - x
	label := func(y float64, text string) {
		p.font("", 8.5, faint)
		p.line(x, panelTop+y, rest, 8.5, text)
		p.font("B", 12, ink)
	}
	label(5, labelURL)
	p.address(x, panelTop+9, rest, s.shownURL)
	label(19, labelCode)
	p.SetFont(monospaced, "B", 19)
	p.line(x, panelTop+23, rest, 19, s.codeGroups)
	label(35, labelUntil)
	p.line(x, panelTop+39, rest, 12, s.languages[0].on(s.validUntil))
}

// address sets a URL so that all of it can be read: smaller, and on up to three lines, when it is long.
func (p setter) address(x, y, width float64, shownURL string) {
	const size, small = 12, 8
	if p.GetStringWidth(shownURL)*small/size <= width {
		p.line(x, y, width, size, shownURL)
		return
	}
	p.SetFontSize(small)
	p.paragraph(x, y-0.3, width, 3.3, shownURL)
}

// foreign sets the other languages below a rule, side by side when there are two, the family's own first.
func (p setter) foreign(s sheet) {
	p.SetDrawColor(paper.r-30, paper.g-25, paper.b-25)
	p.SetLineWidth(0.2)
	p.Line(left, foreignTop-3.5, right, foreignTop-3.5)
	others := s.languages[1:]
	columns := float64(len(others))
	column := (width - columnGap*(columns-1)) / columns
	for i, t := range others {
		p.column(left+float64(i)*(column+columnGap), column, t, s)
	}
}

func (p setter) column(x, width float64, t phrases, s sheet) {
	y := foreignTop
	p.font("B", 9.5, accent)
	p.line(x, y, width, 9.5, t.title)
	p.font("", 8.5, ink)
	p.line(x, y+5, width, 8.5, fmt.Sprintf(t.greeting, s.to))
	y = p.paragraph(x, y+8.9, width, 3.7, t.intro) + 0.8
	for i, step := range t.steps {
		p.font("B", 8.5, accent)
		p.line(x, y, 4, 8.5, strconv.Itoa(i+1))
		p.font("", 8.5, ink)
		y = p.paragraph(x+4, y, width-4, 3.7, step) + 0.4
	}
	p.font("", 8, faint)
	p.paragraph(x, y+0.6, width, 3.5, fmt.Sprintf(t.note, t.on(s.validUntil)))
}

// code draws the QR code and its quiet zone into a white square of the given side.
func (p setter) code(x, y, side float64, rows [][]bool) {
	p.fill(colour{255, 255, 255})
	p.RoundedRect(x, y, side, side, 1.5, "1234", "F")
	p.fill(colour{0, 0, 0})
	module := side / float64(len(rows)+2*quietZone)
	const overlap = 0.02 // neighbours overlap by a hair, or a screen shows seams between them
	for row, dark := range rows {
		for from := 0; from < len(dark); from++ {
			to := from
			for to < len(dark) && dark[to] {
				to++
			}
			if to > from {
				p.Rect(x+float64(quietZone+from)*module, y+float64(quietZone+row)*module,
					float64(to-from)*module+overlap, module+overlap, "F")
				from = to
			}
		}
	}
}

// number is a white figure on a disc of the given diameter.
func (p setter) number(x, y, diameter float64, n int) {
	p.fill(accent)
	p.Circle(x+diameter/2, y+diameter/2, diameter/2, "F")
	p.font("B", 9.5, colour{255, 255, 255})
	text := strconv.Itoa(n)
	p.Text(x+(diameter-p.GetStringWidth(text))/2, y+diameter/2+9.5*pointsToMilli*0.36, text)
}

// line sets text on one line from (x, y), its upper left corner, at the current font in the given size in points; a text
// too wide becomes smaller down to two thirds and then ends in "…".
func (p setter) line(x, y, width, size float64, text string) {
	baseline := y + size*pointsToMilli*0.95
	if natural := p.GetStringWidth(text); natural > width {
		p.SetFontSize(max(size*width/natural*0.995, size*2/3))
	}
	if runes := []rune(text); p.GetStringWidth(text) > width {
		for len(runes) > 0 && p.GetStringWidth(string(runes)+"…") > width {
			runes = runes[:len(runes)-1]
		}
		text = string(runes) + "…"
	}
	p.Text(x, baseline, text)
	p.SetFontSize(size)
}

// paragraph sets text in lines of the given height and returns where the next may begin.
func (p setter) paragraph(x, y, width, height float64, text string) float64 {
	p.SetXY(x, y)
	p.MultiCell(width, height, text, "", "L", false)
	return p.GetY()
}

func (p setter) font(style string, size float64, c colour) {
	p.SetFont(family, style, size)
	p.ink(c)
}

func (p setter) ink(c colour)  { p.SetTextColor(c.r, c.g, c.b) }
func (p setter) fill(c colour) { p.SetFillColor(c.r, c.g, c.b) }
