package letter

import (
	"image/color"

	"github.com/boombuler/barcode/qr"
)

// quietZone is the blank margin that readers need, in modules (ISO/IEC 18004, 5.3.8).
const quietZone = 4

// matrix is the QR code of text (ISO/IEC 18004, error correction M: 15 % may be creased or stained), row by row, true
// for dark, without the quiet zone.
func matrix(text string) ([][]bool, error) {
	code, err := qr.Encode(text, qr.M, qr.Unicode)
	if err != nil {
		return nil, err
	}
	size := code.Bounds().Size()
	rows := make([][]bool, size.Y)
	for y := range rows {
		rows[y] = make([]bool, size.X)
		for x := range rows[y] {
			rows[y][x] = color.GrayModel.Convert(code.At(x, y)).(color.Gray).Y < 128
		}
	}
	return rows, nil
}
