package handlers_test

import (
	"bytes"
	"image"
	"image/png"
	"net/url"
	"testing"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/files/s3test"
	"morgenkreis/store/storetest"
)

func TestAttachmentsInABucketAreStreamedAndAwayWhenItIs(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		g := s3test.Start(t)
		h := newHouse(t, s, c, func(o *handlers.Options) { o.Files = g.Store("kita") })
		k := h.Kita("Sonnenschein")
		leader := k.Leader("Lea")
		h.Live()
		lea := h.as(*leader.AccountID)
		var dot bytes.Buffer
		if err := png.Encode(&dot, image.NewGray(image.Rect(0, 0, 900, 900))); err != nil {
			t.Fatal(err)
		}
		upload := "/files?" + url.Values{"kita_id": {string(k.ID)}, "name": {"Wald.png"}}.Encode()
		path := "/files/" + lea.with("Content-Type", "image/png").post(upload, dot.Bytes()).want(201).field("id").(string)
		whole := lea.get(path + "/content").want(200)
		if picture, err := png.Decode(bytes.NewReader(whole.Raw)); err != nil || picture.Bounds().Dx() != 900 {
			t.Errorf("the picture came as %d bytes, %v", len(whole.Raw), err)
		}
		if part := lea.with("Range", "bytes=10-19").get(path + "/content").want(206); !bytes.Equal(part.Raw, whole.Raw[10:20]) {
			t.Errorf("a part of it is %x", part.Raw)
		}
		lea.with("If-None-Match", whole.Header.Get("ETag")).get(path + "/content").want(304)
		lea.get(path + "/thumbnail").want(200)

		g.Kill()
		id := kita.NewID()
		for _, a := range []*answer{lea.with("Content-Type", "image/png").post(upload+"&id="+string(id), dot.Bytes()), lea.get(path + "/content")} {
			a.problem(503, "", "storage.away")
			if a.Header.Get("Retry-After") == "" || bytes.Contains(a.Raw, []byte(g.Address())) {
				t.Errorf("%v %s", a.Header, a.Raw)
			}
		}
		lea.get("/files/"+string(id)).problem(404, "", "not_found")
		lea.get(path).want(200) // all else goes on
		g.Restart()
		lea.with("Content-Type", "image/png").post(upload+"&id="+string(id), dot.Bytes()).want(201)
		if again := lea.get("/files/" + string(id) + "/content").want(200); !bytes.Equal(again.Raw, whole.Raw) {
			t.Error("another picture came back")
		}
	})
}
