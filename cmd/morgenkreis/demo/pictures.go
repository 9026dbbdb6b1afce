package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"

	"golang.org/x/image/vector"
)

// Pictures look like what children paint. They are drawn, so that nobody's child is on them.

// The scenes are composed on a sheet of this size, and kept at three quarters of it.
const (
	pictureWidth, pictureHeight = 960, 640
	scale                       = 0.75
)

// canvas is a sheet of paper, and paint what is on it.
type canvas struct{ *image.RGBA }

type scene func(canvas)

// picture answers a maker of the scene as a JPEG.
func (p *play) picture(s scene) func() ([]byte, error) {
	return func() ([]byte, error) {
		c := canvas{image.NewRGBA(image.Rect(0, 0, pictureWidth*scale, pictureHeight*scale))}
		s(c)
		var out bytes.Buffer
		err := jpeg.Encode(&out, c, &jpeg.Options{Quality: 88})
		return out.Bytes(), err
	}
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

// sky fills everything, from top to bottom.
func (c canvas) sky(top, bottom color.RGBA) {
	height := c.Bounds().Dy()
	for y := range height {
		part := float64(y) / float64(height)
		mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-part) + float64(b)*part) }
		line := color.RGBA{mix(top.R, bottom.R), mix(top.G, bottom.G), mix(top.B, bottom.B), 255}
		draw.Draw(c, image.Rect(0, y, c.Bounds().Dx(), y+1), image.NewUniform(line), image.Point{}, draw.Src)
	}
}

// shape fills the outline through n points, of which point gives the i-th. Only the box around it is touched: a picture
// has hundreds of small ones.
func (c canvas) shape(paint color.Color, n int, point func(i int) (x, y float64)) {
	at := func(i int) (float64, float64) {
		x, y := point(i)
		return x * scale, y * scale
	}
	left, top, right, bottom := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for i := range n {
		x, y := at(i)
		left, top, right, bottom = min(left, x), min(top, y), max(right, x), max(bottom, y)
	}
	box := image.Rect(int(math.Floor(left)), int(math.Floor(top)), int(math.Ceil(right)), int(math.Ceil(bottom)))
	r := vector.NewRasterizer(box.Dx(), box.Dy())
	for i := range n {
		x, y := at(i)
		to := [2]float32{float32(x - float64(box.Min.X)), float32(y - float64(box.Min.Y))}
		if i == 0 {
			r.MoveTo(to[0], to[1])
			continue
		}
		r.LineTo(to[0], to[1])
	}
	r.ClosePath()
	r.Draw(c, box, image.NewUniform(paint), image.Point{})
}

// blot is a circle by a brush in a small hand: its edge wavers by the part given.
func (c canvas) blot(paint color.Color, x, y, radius, waver float64) {
	c.shape(paint, 72, func(i int) (float64, float64) {
		angle := 2 * math.Pi * float64(i) / 72
		r := radius * (1 + waver*math.Sin(3*angle+x)*math.Cos(5*angle+y))
		return x + r*math.Cos(angle), y + r*math.Sin(angle)
	})
}

func (c canvas) polygon(paint color.Color, xy ...float64) {
	c.shape(paint, len(xy)/2, func(i int) (float64, float64) { return xy[2*i], xy[2*i+1] })
}

// hill is a wave of ground from edge to edge.
func (c canvas) hill(paint color.Color, height, swing, phase float64) {
	c.shape(paint, 99, func(i int) (float64, float64) {
		switch i {
		case 97:
			return pictureWidth, pictureHeight
		case 98:
			return 0, pictureHeight
		}
		x := float64(i) * 10
		return x, height + swing*math.Sin(x/pictureWidth*2*math.Pi+phase)
	})
}

func meadow(c canvas) {
	c.sky(rgb(0x8ecae6), rgb(0xf1faee))
	for i := range 12 {
		angle := math.Pi * float64(i) / 6
		c.polygon(rgb(0xffd166), 790+80*math.Cos(angle-.08), 120+80*math.Sin(angle-.08), 790+125*math.Cos(angle), 120+125*math.Sin(angle),
			790+80*math.Cos(angle+.08), 120+80*math.Sin(angle+.08))
	}
	c.blot(rgb(0xffb703), 790, 120, 68, .03)
	c.hill(rgb(0x90be6d), 400, 40, 1)
	for i := range 6 {
		x := 90 + 150*float64(i)
		y := 440 + 50*math.Sin(float64(i)*2)
		c.polygon(rgb(0x7f5539), x-9, y, x+9, y, x+6, y-90, x-6, y-90)
		c.polygon(rgb(0x2d6a4f), x-58, y-60, x+58, y-60, x, y-170)
		c.polygon(rgb(0x40916c), x-46, y-110, x+46, y-110, x, y-215)
	}
	c.hill(rgb(0x6a994e), 490, 25, 4)
	for i := range 26 {
		x, y := 20+37*float64(i), 550+40*math.Sin(float64(i)*1.7)
		for petal := range 5 {
			angle := 2 * math.Pi * float64(petal) / 5
			c.blot([]color.RGBA{rgb(0xff595e), rgb(0xffffff), rgb(0xffca3a), rgb(0xc77dff)}[i%4], x+9*math.Cos(angle), y+9*math.Sin(angle), 7, 0)
		}
		c.blot(rgb(0xf4a261), x, y, 5, 0)
	}
}

func rainbow(c canvas) {
	c.sky(rgb(0xfdf6e3), rgb(0xf7ede2))
	for i, hex := range []uint32{0xe63946, 0xf3722c, 0xf9c74f, 0x90be6d, 0x43aa8b, 0x277da1, 0x7b5ea7, 0xfaf2e4} {
		c.blot(rgb(hex), 480, 600, 470-45*float64(i), .012)
	}
	c.hill(rgb(0x74c69d), 560, 14, 2)
	for _, x := range []float64{90, 150, 200, 760, 820, 875} {
		c.blot(rgb(0xffffff), x, 545, 55, .08)
	}
}

func blocks(c canvas) {
	c.sky(rgb(0xfaf3dd), rgb(0xe9d8a6))
	c.polygon(rgb(0xbc8a5f), 0, 560, pictureWidth, 560, pictureWidth, pictureHeight, 0, pictureHeight)
	paints := []color.RGBA{rgb(0xe63946), rgb(0xf4a261), rgb(0x2a9d8f), rgb(0x457b9d), rgb(0xe9c46a), rgb(0x8d5a97)}
	for i := range 11 {
		size := 66 - 2.5*float64(i)
		x, y := 480+26*math.Sin(float64(i)*1.3), 560-46*float64(i)
		c.polygon(paints[i%6], x-size, y, x+size, y-3, x+size, y-47, x-size, y-44)
		c.blot(color.RGBA{80, 80, 80, 80}, x, y-23, 9, 0)
	}
	c.polygon(rgb(0xd62828), 430, 54, 540, 50, 486, 4)
	for i, x := range []float64{140, 215, 300, 690, 790} {
		c.polygon(paints[(i+2)%6], x, 560, x+62, 558, x+66, 500, x+3, 503)
	}
	c.blot(rgb(0x1d3557), 870, 520, 42, .02)
}

func dots(c canvas) {
	c.sky(rgb(0xffffff), rgb(0xf1f1f1))
	paints := []color.RGBA{rgb(0xff595e), rgb(0xffca3a), rgb(0x8ac926), rgb(0x1982c4), rgb(0x6a4c93)}
	for i := range 14 {
		// A hand: its palm, four fingers and a thumb.
		x, y := 90+130*float64(i%7)+30*math.Sin(float64(i)), 210+260*float64(i/7)+35*math.Cos(float64(i)*2)
		tilt := .5 * math.Sin(float64(i)*3)
		paint := paints[i%5]
		c.blot(paint, x, y, 40, .06)
		for finger := range 5 {
			angle := tilt - math.Pi/2 + .42*(float64(finger)-1.6)
			for joint := range 4 {
				reach := 44 + 13*float64(joint)
				if finger == 4 {
					reach -= 12
				}
				c.blot(paint, x+reach*math.Cos(angle), y+reach*math.Sin(angle), 11, .05)
			}
		}
	}
}

func lanterns(c canvas) {
	c.sky(rgb(0x14213d), rgb(0x3d405b))
	c.blot(rgb(0xfefae0), 820, 110, 56, .01)
	c.blot(rgb(0x1a2744), 795, 95, 50, .01)
	for i := range 40 {
		c.blot(rgb(0xfdf0d5), 24*float64(i)+7, 40+170*math.Abs(math.Sin(float64(i)*2.4)), 2.4, 0)
	}
	c.hill(rgb(0x2b2d42), 540, 18, 1)
	for i := range 7 {
		x, y := 95+128*float64(i), 380+45*math.Sin(float64(i)*1.9)
		paint := []color.RGBA{rgb(0xf94144), rgb(0xf9c74f), rgb(0x90be6d), rgb(0x4cc9f0), rgb(0xf3722c), rgb(0xb5179e), rgb(0xffd166)}[i]
		c.polygon(rgb(0x9c6644), x-2, y-150, x+2, y-150, x+2, y-50, x-2, y-50)
		c.blot(color.RGBA{60, 52, 20, 60}, x, y, 88, 0)
		c.blot(paint, x, y, 54, .02)
		c.blot(rgb(0xfff3b0), x, y+6, 22, .05)
		c.polygon(rgb(0x463f3a), x-26, y-44, x+26, y-44, x+20, y-56, x-20, y-56)
	}
}
