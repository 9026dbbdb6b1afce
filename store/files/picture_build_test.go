package files

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"
)

var (
	red   = color.NRGBA{R: 220, G: 20, B: 20, A: 255}
	green = color.NRGBA{R: 20, G: 180, B: 40, A: 255}
	blue  = color.NRGBA{R: 20, G: 40, B: 220, A: 255}
	white = color.NRGBA{R: 255, G: 255, B: 255, A: 255}
)

// quarters is a w × h picture: red and green above, blue and white below.
func quarters(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := [2][2]color.NRGBA{{red, green}, {blue, white}}[2*y/h][2*x/w]
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

// checkQuarters finds the four colours in the middle of their quarters.
func checkQuarters(t *testing.T, m image.Image) {
	t.Helper()
	b := m.Bounds()
	for i, want := range []color.NRGBA{red, green, blue, white} {
		x, y := b.Min.X+b.Dx()*(1+2*(i%2))/4, b.Min.Y+b.Dy()*(1+2*(i/2))/4
		got := color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
		for _, d := range []int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B)} {
			if d < -25 || d > 25 {
				t.Errorf("quarter %d is %v, want %v", i, got, want)
				break
			}
		}
	}
}

func asJPEG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asPNG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// canary stands wherever a file can carry more than pixels; it must be in no result.
const canary = "48.3705N 10.8978E Mia Sonnenschein"

// exif is a TIFF structure with the orientation behind another tag, and a GPS directory with the canary in it.
func exif(order binary.AppendByteOrder, orientation int) []byte {
	b := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	entry := func(tag, kind uint16, count uint32, value uint32) {
		b = order.AppendUint16(b, tag)
		b = order.AppendUint16(b, kind)
		b = order.AppendUint32(b, count)
		if kind == 3 {
			b = order.AppendUint16(b, uint16(value))
			b = order.AppendUint16(b, 0)
			return
		}
		b = order.AppendUint32(b, value)
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 3)
	entry(0x0100, 3, 1, 4000)
	entry(0x0112, 3, 1, uint32(orientation))
	entry(0x8825, 4, 1, 50) // the GPS directory
	b = order.AppendUint32(b, 0)
	b = order.AppendUint16(b, 1)
	entry(0x001B, 7, uint32(len(canary)), 68)
	b = order.AppendUint32(b, 0)
	return append(b, canary...)
}

func segment(marker byte, payload string) string {
	return string(binary.BigEndian.AppendUint16([]byte{0xFF, marker}, uint16(len(payload)+2))) + payload
}

// phonePhoto is the JPEG as a phone writes it: EXIF, XMP, a comment, a colour profile, and a film behind the end.
func phonePhoto(encoded []byte, tiff []byte) []byte {
	return slices.Concat([]byte("\xFF\xD8"+segment(0xE1, "Exif\x00\x00"+string(tiff))+
		segment(0xE1, "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>"+canary+"</x:xmpmeta>")+
		segment(0xE2, "ICC_PROFILE\x00\x01\x01"+canary)+segment(0xFE, canary)),
		encoded[2:], []byte("MotionPhoto_Data"+canary))
}

func clean(t *testing.T, data []byte, declared string) Result {
	t.Helper()
	result, err := Clean(t.Context(), bytes.NewReader(data), declared)
	if err != nil {
		t.Fatal(err)
	}
	checkResult(t, result)
	return result
}

// checkResult holds for every picture that was accepted.
func checkResult(t *testing.T, r Result) {
	t.Helper()
	if r.MediaType != sniff(r.Content) || sniff(r.Thumbnail) != JPEG {
		t.Errorf("media type %s of %q, thumbnail %q", r.MediaType, r.Content[:4], r.Thumbnail[:4])
	}
	m, _, err := image.Decode(bytes.NewReader(r.Content))
	if err != nil {
		t.Fatal(err)
	}
	if s := m.Bounds().Size(); s != image.Pt(r.Width, r.Height) || max(s.X, s.Y) > MaxSide {
		t.Errorf("%v, said to be %d × %d", s, r.Width, r.Height)
	}
	small, err := jpeg.DecodeConfig(bytes.NewReader(r.Thumbnail))
	if err != nil || max(small.Width, small.Height) > ThumbnailSide {
		t.Errorf("thumbnail %d × %d, %v", small.Width, small.Height, err)
	}
	for _, content := range [][]byte{r.Content, r.Thumbnail} {
		if bytes.Contains(content, []byte(canary)) || bytes.Contains(content, []byte("Exif")) {
			t.Error("metadata came through")
		}
		if sniff(content) == JPEG {
			checkBareJPEG(t, content)
		} else if kinds := pngChunks(content); !slices.Equal(slices.Compact(kinds), []string{"IHDR", "IDAT", "IEND"}) {
			t.Errorf("chunks %v", kinds)
		}
	}
}

// checkBareJPEG finds tables, frame and one scan, and nothing behind the end.
func checkBareJPEG(t *testing.T, content []byte) {
	t.Helper()
	for rest := content[2:]; ; {
		marker, length := rest[1], int(binary.BigEndian.Uint16(rest[2:]))
		if !slices.Contains([]byte{0xDB, 0xC0, 0xC4, 0xDA}, marker) || rest[0] != 0xFF {
			t.Errorf("segment %x", marker)
		}
		rest = rest[2+length:]
		if marker == 0xDA {
			if end := bytes.Index(rest, []byte("\xFF\xD9")); end != len(rest)-2 {
				t.Errorf("%d bytes behind the end", len(rest)-2-end)
			}
			return
		}
	}
}

func pngChunks(content []byte) []string {
	var kinds []string
	for rest := content[8:]; len(rest) > 0; {
		kinds = append(kinds, string(rest[4:8]))
		rest = rest[12+binary.BigEndian.Uint32(rest):]
	}
	return kinds
}

// stored is how a camera held as the orientation says writes the upright picture m: EXIF 2.32 names, for each value, the
// visual sides at which the stored first row and first column are.
func stored(m image.Image, orientation int) image.Image {
	sides := []string{"top left", "top right", "bottom right", "bottom left", "left top", "right top", "right bottom", "left bottom"}
	firstRow, firstColumn, _ := strings.Cut(sides[orientation-1], " ")
	size := m.Bounds().Size()
	w, h := size.X, size.Y
	if orientation > 4 {
		w, h = h, w
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for row := range h {
		for column := range w {
			at := image.Point{}
			for side, distance := range map[string]int{firstRow: row, firstColumn: column} {
				switch side {
				case "left":
					at.X = distance
				case "right":
					at.X = size.X - 1 - distance
				case "top":
					at.Y = distance
				case "bottom":
					at.Y = size.Y - 1 - distance
				}
			}
			out.Set(column, row, m.At(at.X, at.Y))
		}
	}
	return out
}

func pngChunk(kind string, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	b = append(append(b, kind...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// The same 8 × 4 picture, red at the left and blue at the right, its lower half transparent in the second pair.
var webPs = map[string]string{
	"lossless":       "UklGRiIAAABXRUJQVlA4TBYAAAAvB8AAAA9wHvF7qJ6Je/6DB32I6H8A",
	"lossy":          "UklGRlAAAABXRUJQVlA4IEQAAADwAgCdASoIAAQAAUAmJagCdLoBQAPwArv/cAATdhyPwAD+9XuWi5/8GXO77P/vYLqYr8sz/rd/4tZRzXiK+VgEfawAAA==",
	"lossless alpha": "UklGRj4AAABXRUJQVlA4TDIAAAAvB8AAEB8gEEgC2x9kKoFscpL8F6VYMBlg/lcwAoIi/0eLGv4gCAQIkyZN2ojof2TOAA==",
	"lossy alpha":    "UklGRnQAAABXRUJQVlA4WAoAAAAQAAAABwAAAwAAQUxQSAwAAAABDzD/ERFi/iP6HwNWUDggQgAAAJACAJ0BKggABAABQCYlqAJ0ugFAA/ACu/9wABcAAP7zpsmWWpf/gy53fZ/97BdTFflmf9bv/FrKOa8RXysAj7WAAA==",
}

func webP(t *testing.T, name string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(webPs[name])
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func riff(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), slices.Concat(chunks...)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func riffChunk(kind string, payload []byte) []byte {
	b := append(binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(payload))), payload...)
	return append(b, make([]byte, len(payload)%2)...)
}

func pngHeader(w, h int) []byte {
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	return append([]byte("\x89PNG\r\n\x1A\n"), pngChunk("IHDR", append(header, 8, 6, 0, 0, 0))...)
}

func jpegHeader(frame byte, w, h int) []byte {
	return []byte("\xFF\xD8" + segment(frame, string([]byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 1, 1, 0x11, 0})) +
		segment(0xDA, "\x01\x01\x00\x00\x3F\x00"))
}
