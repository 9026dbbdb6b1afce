package files

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"morgenkreis/kita"
)

func TestAPhonesPhotoStandsUprightAndTellsNothingElse(t *testing.T) {
	for orientation := 1; orientation <= 8; orientation++ {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			for _, size := range []image.Point{{64, 32}, {2600, 52}} {
				t.Run(fmt.Sprint(orientation, order, size), func(t *testing.T) {
					photo := phonePhoto(asJPEG(t, stored(quarters(size.X, size.Y), orientation)), exif(order, orientation))
					r := clean(t, photo, "image/jpeg")
					w, h := fit(size.X, size.Y, MaxSide)
					if r.MediaType != JPEG || r.Width != w || r.Height != h {
						t.Errorf("%s %d × %d, want %d × %d", r.MediaType, r.Width, r.Height, w, h)
					}
					for _, content := range [][]byte{r.Content, r.Thumbnail} {
						m, err := jpeg.Decode(bytes.NewReader(content))
						if err != nil {
							t.Fatal(err)
						}
						checkQuarters(t, m)
					}
				})
			}
		}
	}
}

func TestPNGLosesItsMetadataAndKeepsItsTransparency(t *testing.T) {
	encoded := asPNG(t, stored(quarters(60, 30), 6))
	const endOfHeader = 8 + 12 + 13
	dressed := slices.Concat(encoded[:endOfHeader], pngChunk("eXIf", exif(binary.BigEndian, 6)),
		pngChunk("tEXt", []byte("Comment\x00"+canary)), encoded[endOfHeader:], []byte(canary))
	r := clean(t, dressed, "image/png")
	if r.Width != 60 || r.Height != 30 || r.MediaType != PNG {
		t.Errorf("%s %d × %d", r.MediaType, r.Width, r.Height)
	}
	m, err := png.Decode(bytes.NewReader(r.Content))
	if err != nil {
		t.Fatal(err)
	}
	checkQuarters(t, m)

	holed := quarters(60, 30)
	holed.SetNRGBA(0, 0, color.NRGBA{})
	if r := clean(t, asPNG(t, holed), "image/png"); r.MediaType != PNG {
		t.Errorf("with a hole: %s", r.MediaType)
	}
	noise := image.NewNRGBA(image.Rect(0, 0, 200, 200))
	state := uint32(1)
	for i := range noise.Pix {
		state = state*1664525 + 1013904223
		noise.Pix[i] = byte(state >> 24)
		if i%4 == 3 {
			noise.Pix[i] = 255
		}
	}
	if r := clean(t, asPNG(t, noise), "image/png"); r.MediaType != JPEG {
		t.Errorf("a photo as PNG: %s", r.MediaType)
	}
}

func TestEveryKindOfPixelIsRead(t *testing.T) {
	gray16, deep, indexed, gray := image.NewGray16(image.Rect(0, 0, 9, 5)), image.NewNRGBA64(image.Rect(0, 0, 9, 5)),
		image.NewPaletted(image.Rect(0, 0, 9, 5), palette.Plan9), image.NewGray(image.Rect(0, 0, 9, 5))
	for _, m := range []image.Image{gray16, deep, indexed, gray} {
		if r := clean(t, asPNG(t, m), "image/png"); r.Width != 9 || r.Height != 5 {
			t.Errorf("%T: %d × %d", m, r.Width, r.Height)
		}
	}
	clean(t, asJPEG(t, gray), "image/jpeg; charset=binary")
	clean(t, asJPEG(t, gray), "image/jpg")
	for _, size := range []image.Point{{1, 1}, {1, 5000}, {5000, 1}, {2560, 4}, {2561, 3}} {
		clean(t, asJPEG(t, quarters(size.X, size.Y)), "image/jpeg")
	}
}

func TestWebPBecomesWhatEveryPhoneReads(t *testing.T) {
	for name := range webPs {
		r := clean(t, webP(t, name), "image/webp")
		want := JPEG
		if strings.HasSuffix(name, "alpha") {
			want = PNG
		}
		if r.MediaType != want || r.Width != 8 || r.Height != 4 {
			t.Errorf("%s: %s %d × %d", name, r.MediaType, r.Width, r.Height)
		}
	}
	extended := func(exifPrefix string) []byte {
		header := []byte{0x08, 0, 0, 0, 7, 0, 0, 3, 0, 0}
		return riff(riffChunk("VP8X", header), webP(t, "lossless")[12:],
			riffChunk("EXIF", append([]byte(exifPrefix), exif(binary.LittleEndian, 6)...)), riffChunk("XMP ", []byte(canary)))
	}
	for _, prefix := range []string{"", "Exif\x00\x00"} {
		r := clean(t, extended(prefix), "image/webp")
		m, err := jpeg.Decode(bytes.NewReader(r.Content))
		if err != nil {
			t.Fatal(err)
		}
		// Red was at the left; turned by a quarter, it is above.
		top, _, _, _ := m.At(2, 1).RGBA()
		bottom, _, _, _ := m.At(2, 6).RGBA()
		if r.Width != 4 || r.Height != 8 || top < 0xA000 || bottom > 0x6000 {
			t.Errorf("prefix %q: %d × %d, red %x above, %x below", prefix, r.Width, r.Height, top, bottom)
		}
	}
}

// These files have a header and no pixels: whoever began to decode them would find them unreadable, not too large.
func TestABombIsRefusedBeforeItIsDecoded(t *testing.T) {
	lossless := riffChunk("VP8L", []byte{0x2F, 0xFF, 0xFF, 0xFF, 0x0F})
	for _, c := range []struct {
		name, declared string
		data           []byte
		code           string
		max            any
	}{
		{"png", PNG, pngHeader(40_000, 40_000), "file.too_many_pixels", 40},
		{"png, a line", PNG, pngHeader(1, 40_000_001), "file.too_many_pixels", 40},
		{"png, just over", PNG, pngHeader(8001, 5000), "file.too_many_pixels", 40},
		{"png, just right but empty", PNG, pngHeader(8000, 5000), "file.unreadable", nil},
		{"png, largest", PNG, pngHeader(1<<31-1, 1<<31-1), "file.unreadable", nil},
		{"jpeg", JPEG, jpegHeader(0xC0, 65_535, 65_535), "file.too_many_pixels", 40},
		{"jpeg, just right but empty", JPEG, jpegHeader(0xC0, 8000, 5000), "file.unreadable", nil},
		{"progressive jpeg", JPEG, jpegHeader(0xC2, 5001, 4000), "file.too_many_pixels", 20},
		{"progressive jpeg, just right but empty", JPEG, jpegHeader(0xC2, 5000, 4000), "file.unreadable", nil},
		{"jpeg without height", JPEG, jpegHeader(0xC0, 10, 0), "file.unreadable", nil},
		{"webp", WebP, riff(lossless), "file.too_many_pixels", 40},
		{"webp, small outside", WebP, riff(riffChunk("VP8X", make([]byte, 10)), lossless), "file.unreadable", nil},
		{"webp, large outside", WebP, riff(riffChunk("VP8X", []byte{0, 0, 0, 0, 0, 0x80, 0, 0, 0x80, 0})), "file.too_many_pixels", 40},
	} {
		_, err := Clean(t.Context(), bytes.NewReader(c.data), c.declared)
		var told *kita.Error
		if !errors.As(err, &told) || told.Kind != kita.KindInvalid || told.Field != "file" || told.Code != c.code || told.Arg("max") != c.max {
			t.Errorf("%s: got %v, want %s %v", c.name, err, c.code, c.max)
		}
	}
}

func TestScansAreCountedToTheEndOfThePicture(t *testing.T) {
	scan := segment(0xDA, "\x01\x01\x00\x00\x3F\x00") + "\x12\xFF\x00\x34\xFF\xD0\x56\xFF\xFF"
	film := strings.Repeat("\xFF\xDA", 200) // in a thumbnail or behind the end it counts for nothing
	data := string(jpegHeader(0xC2, 8, 8)) + segment(0xE1, film) + strings.Repeat(scan, 7) + "\xFF\xD9" + film
	if got, want := readJPEG([]byte(data)), (jpegFacts{orientation: 1, progressive: true, scans: 8}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	bomb := string(jpegHeader(0xC2, 8, 8)) + strings.Repeat(scan, maxScans+1)
	if _, err := look([]byte(bomb), JPEG); !errors.Is(err, kita.Invalid("file", "file.unreadable")) {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNotWhatItSaysIsRefused(t *testing.T) {
	photo, pdf := asJPEG(t, quarters(20, 10)), []byte("%PDF-1.7\n...\n%%EOF\n")
	const page = "<!doctype html><script>alert(1)</script>"
	for _, c := range []struct {
		name, declared string
		data           []byte
		code           string
	}{
		{"empty", JPEG, nil, "file.type"},
		{"nothing declared", "", photo, "file.type"},
		{"bytes", "application/octet-stream", photo, "file.type"},
		{"nonsense declared", ";;", photo, "file.type"},
		{"jpeg as png", PNG, photo, "file.type"},
		{"jpeg as pdf", PDF, photo, "file.type"},
		{"pdf as jpeg", JPEG, pdf, "file.type"},
		{"page", "text/html", []byte(page), "file.type"},
		{"page as jpeg", JPEG, []byte(page), "file.type"},
		{"page behind a jpeg's first bytes", JPEG, []byte("\xFF\xD8\xFF" + page), "file.unreadable"},
		{"page behind a png's first bytes", PNG, []byte("\x89PNG\r\n\x1A\n" + page), "file.unreadable"},
		{"page in a webp", WebP, []byte("RIFF\xFF\xFF\x00\x00WEBP" + page), "file.unreadable"},
		{"pdf behind a page", PDF, []byte(page + string(pdf)), "file.type"},
		{"pdf without a version", PDF, []byte("%PDF-x\n%%EOF"), "file.unreadable"},
		{"pdf cut off", PDF, []byte("%PDF-1.7\n%%EOF" + strings.Repeat(" ", 1020)), "file.unreadable"},
		{"svg", "image/svg+xml", []byte("<svg onload='alert(1)'/>"), "file.type"},
		{"gif", "image/gif", []byte("GIF89a"), "file.type"},
		{"too large", JPEG, append(photo, make([]byte, MaxBytes)...), "file.too_large"},
		{"too large pdf", PDF, append(pdf, make([]byte, MaxBytes)...), "file.too_large"},
	} {
		r, err := Clean(t.Context(), bytes.NewReader(c.data), c.declared)
		var told *kita.Error
		if !errors.As(err, &told) || told.Kind != kita.KindInvalid || told.Field != "file" || told.Code != c.code {
			t.Errorf("%s: got %v, want %s", c.name, err, c.code)
		}
		if c.code == "file.too_large" && told.Arg("max") != 15 {
			t.Errorf("%s: args %v", c.name, told.Args)
		}
		if r.Content != nil || r.Thumbnail != nil {
			t.Errorf("%s: content in spite of %v", c.name, err)
		}
	}
}

func TestAPageInsideAPictureIsGone(t *testing.T) {
	const page = "<script>alert(1)</script>"
	photo := asJPEG(t, quarters(20, 10))
	hidden := slices.Concat([]byte("\xFF\xD8"+segment(0xFE, page)), photo[2:], []byte(page))
	if r := clean(t, hidden, JPEG); bytes.Contains(r.Content, []byte("script")) {
		t.Error("the page came through")
	}
}

func TestAPDFIsKeptAsItIs(t *testing.T) {
	pdf := []byte("%PDF-1.7\nÄ\n%%EOF\n")
	r, err := Clean(t.Context(), bytes.NewReader(pdf), "application/pdf")
	if err != nil || r.MediaType != PDF || !bytes.Equal(r.Content, pdf) || r.Width != 0 || r.Height != 0 || r.Thumbnail != nil {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestACutOffPictureIsUnreadable(t *testing.T) {
	for declared, data := range map[string][]byte{
		JPEG: phonePhoto(asJPEG(t, quarters(20, 10)), exif(binary.BigEndian, 6)),
		PNG:  asPNG(t, quarters(20, 10)),
		WebP: webP(t, "lossy"),
	} {
		whole := len(data)
		if declared == JPEG {
			whole = bytes.LastIndex(data, []byte("\xFF\xD9")) + 2
		}
		for n := 12; n < whole; n++ {
			if _, err := Clean(t.Context(), bytes.NewReader(data[:n]), declared); !errors.Is(err, kita.Invalid("file", "file.unreadable")) {
				t.Errorf("%s, %d of %d bytes: %v", declared, n, whole, err)
			}
		}
	}
}

func TestAnErrorOfTheUploadComesBackAsItIs(t *testing.T) {
	broken := errors.New("connection reset")
	if _, err := Clean(t.Context(), io.MultiReader(bytes.NewReader([]byte("\xFF\xD8\xFF")), iotest.ErrReader(broken)), JPEG); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestAThirdPictureWaitsUntilItsContextEnds(t *testing.T) {
	for range cap(decoding) {
		decoding <- struct{}{}
	}
	photo := asJPEG(t, quarters(20, 10))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := Clean(ctx, bytes.NewReader(photo), JPEG)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for range cap(decoding) {
		<-decoding
	}
	clean(t, photo, JPEG)
}

func TestShrinkingAveragesWhatAPixelCovers(t *testing.T) {
	m := image.NewNRGBA(image.Rect(10, 20, 15, 23)) // 5 × 3, not at the origin
	for i := range 5 * 3 {
		m.SetNRGBA(10+i%5, 20+i/5, color.NRGBA{R: uint8(10 * i), G: 200, A: 255})
	}
	got := shrink(m, 2)
	if s := got.Bounds().Size(); s != image.Pt(2, 1) {
		t.Fatalf("size %v", s)
	}
	// Columns average to 50 … 90; the left target pixel covers 50, 60 and half of 70.
	for x, want := range []color.RGBA{{R: 58, G: 200, A: 255}, {R: 82, G: 200, A: 255}} {
		if c := got.RGBAAt(x, 0); c != want {
			t.Errorf("pixel %d is %v, want %v", x, c, want)
		}
	}
	for _, size := range []image.Point{{7, 3}, {100, 37}, {64, 64}, {13, 1}, {1, 13}} {
		flat := image.NewUniform(color.NRGBA{R: 11, G: 222, B: 33, A: 255})
		src := image.NewRGBA(image.Rectangle{Max: size})
		for i := range size.X * size.Y {
			src.Set(i%size.X, i/size.X, flat.C)
		}
		for side := 1; side <= 70; side++ {
			small := shrink(src, side)
			for i := range small.Bounds().Dx() * small.Bounds().Dy() {
				if c := small.RGBAAt(i%small.Bounds().Dx(), i/small.Bounds().Dx()); c != (color.RGBA{R: 11, G: 222, B: 33, A: 255}) {
					t.Fatalf("%v to %d: pixel %d is %v", size, side, i, c)
				}
			}
		}
	}
}

// Whatever comes in, Clean answers with a picture that holds the rules, or with one of its codes.
func FuzzClean(f *testing.F) {
	for _, name := range []string{"lossless", "lossy", "lossless alpha", "lossy alpha"} {
		data, err := base64.StdEncoding.DecodeString(webPs[name])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	var encoded bytes.Buffer
	if err := jpeg.Encode(&encoded, quarters(8, 4), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(phonePhoto(encoded.Bytes(), exif(binary.LittleEndian, 8)))
	encoded.Reset()
	if err := png.Encode(&encoded, quarters(8, 4)); err != nil {
		f.Fatal(err)
	}
	f.Add(encoded.Bytes())
	f.Add([]byte("%PDF-1.7 %%EOF"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, declared := range []string{JPEG, PNG, WebP, PDF} {
			result, err := Clean(t.Context(), bytes.NewReader(data), declared)
			var told *kita.Error
			switch {
			case err != nil && !errors.As(err, &told):
				t.Fatal(err)
			case err == nil && declared != PDF:
				checkResult(t, result)
			}
		}
	})
}
