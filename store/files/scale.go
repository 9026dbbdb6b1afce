package files

import (
	"image"
	"image/draw"

	xdraw "golang.org/x/image/draw"
)

// fit is the size of a w × h picture whose longer side is at most side; a smaller one keeps its size, and no side is 0.
func fit(w, h, side int) (int, int) {
	longer := max(w, h)
	if longer <= side {
		return w, h
	}
	round := func(n int) int { return max(1, (n*side+longer/2)/longer) }
	return round(w), round(h)
}

// shrink is src fitted into side × side, each pixel the average of the area it covers. It holds a row at a time:
// golang.org/x/image/draw's kernels take 32 bytes for every source row and target column, 500 MB for a large photo.
func shrink(src image.Image, side int) *image.RGBA {
	b := src.Bounds()
	sw, sh := b.Dx(), b.Dy()
	w, h := fit(sw, sh, side)
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	if w == sw && h == sh {
		draw.Draw(dst, dst.Bounds(), src, b.Min, draw.Src)
		return dst
	}
	// Measured in units in which the whole picture is sw·w wide, a source pixel covers w units and a target pixel sw, so
	// that every overlap is a whole number; downwards alike. The weights of one target pixel add up to sw·sh.
	row := image.NewRGBA(image.Rect(0, 0, sw, 1))
	narrow := make([]uint64, 4*w) // one source row, narrowed
	sums := make([]uint64, 4*w)   // the target row under way
	total := uint64(sw) * uint64(sh)
	y := 0 // the target row under way
	for sy := range sh {
		draw.Draw(row, row.Bounds(), src, image.Pt(b.Min.X, b.Min.Y+sy), draw.Src)
		narrowRow(narrow, row.Pix, sw, w)
		above := min((sy+1)*h, (y+1)*sh) - sy*h // the part of this source row that belongs to target row y
		add(sums, narrow, uint64(above))
		if (sy+1)*h < (y+1)*sh {
			continue
		}
		pixels := dst.Pix[y*dst.Stride : y*dst.Stride+4*w]
		for i, sum := range sums {
			pixels[i] = uint8((sum + total/2) / total)
		}
		clear(sums)
		y++
		add(sums, narrow, uint64(h-above))
	}
	return dst
}

// narrowRow adds up the sw pixels of row into w, each weighted by its overlap.
func narrowRow(narrow []uint64, row []uint8, sw, w int) {
	clear(narrow)
	x := 0
	for sx := range sw {
		p := row[4*sx : 4*sx+4 : 4*sx+4]
		left := min((sx+1)*w, (x+1)*sw) - sx*w
		for c, v := range p {
			narrow[4*x+c] += uint64(v) * uint64(left)
		}
		if (sx+1)*w < (x+1)*sw {
			continue
		}
		x++
		if left < w {
			for c, v := range p {
				narrow[4*x+c] += uint64(v) * uint64(w-left)
			}
		}
	}
}

func add(sums, row []uint64, weight uint64) {
	if weight == 0 {
		return
	}
	for i, v := range row {
		sums[i] += v * weight
	}
}

// upright turns and mirrors src as its EXIF orientation asks.
func upright(src *image.RGBA, orientation int) *image.RGBA {
	if orientation == 1 {
		return src
	}
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	turned := orientation >= 5
	fromRight := orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8
	fromBelow := orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	if turned {
		dst = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range dst.Bounds().Dy() {
		for x := range dst.Bounds().Dx() {
			sx, sy := x, y
			if turned {
				sx, sy = y, x
			}
			if fromRight {
				sx = w - 1 - sx
			}
			if fromBelow {
				sy = h - 1 - sy
			}
			copy(dst.Pix[dst.PixOffset(x, y):][:4], src.Pix[src.PixOffset(sx, sy):][:4])
		}
	}
	return dst
}

// thumbnail is src fitted into ThumbnailSide, on white.
func thumbnail(src *image.RGBA) *image.RGBA {
	w, h := fit(src.Bounds().Dx(), src.Bounds().Dy(), ThumbnailSide)
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.White, image.Point{}, draw.Src)
	xdraw.CatmullRom.Scale(dst, dst.Bounds(), src, src.Bounds(), xdraw.Over, nil)
	return dst
}
