package handlers_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"net/url"
	"testing"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/files"
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

// Two nodes, and two handles on the same attachments: nothing but the database and the files connects them.
func TestAnAttachmentUploadedAtOneNodeIsReadAtTheOther(t *testing.T) {
	for name, handles := range map[string]func(t *testing.T) func() files.Store{
		"shared folder": func(t *testing.T) func() files.Store {
			folder := t.TempDir()
			return func() files.Store {
				dir, err := files.New(folder)
				if err != nil {
					t.Fatal(err)
				}
				return dir
			}
		},
		"bucket": func(t *testing.T) func() files.Store {
			g := s3test.Start(t)
			return func() files.Store { return g.Store("kita") }
		},
	} {
		t.Run(name, func(t *testing.T) {
			handle := handles(t)
			one, two := twoNodes(t, func(o *handlers.Options) { o.Files = handle() })
			v := newVillage(one)
			next := one.Kita("Mond")
			guest := next.Group("Füchse").Child("Uli").Guardian("Udo")
			one.Live()
			there := func(who string) *caller { return v.caller(who).at(two) }
			outside := map[string]*caller{"stranger": two.stranger(), "guardian of another kita": one.as(*guest.AccountID).at(two),
				"other guardian": there("other guardian"), "banned guardian": there("banned guardian"), "leader next door": there("leader next door")}

			var dot bytes.Buffer
			if err := png.Encode(&dot, image.NewGray(image.Rect(0, 0, 900, 900))); err != nil {
				t.Fatal(err)
			}
			upload := "/files?" + url.Values{"kita_id": {string(v.kita.ID)}, "name": {"Wald.png"}}.Encode()
			id := v.caller("leader").with("Content-Type", "image/png").post(upload, dot.Bytes()).want(201).field("id").(string)
			path := "/files/" + id
			// Not yet part of a notice, it is the leader's alone.
			whole := there("leader").get(path + "/content").want(200)
			if picture, err := png.Decode(bytes.NewReader(whole.Raw)); err != nil || picture.Bounds().Dx() != 900 {
				t.Fatalf("the picture came as %d bytes, %v", len(whole.Raw), err)
			}
			outside["mum"] = there("mum")
			everyWay := func() {
				t.Helper()
				for who, c := range outside {
					for _, way := range []string{"", "/content", "/thumbnail"} {
						refused(c.get(path+way), who)
					}
					refused(c.with("If-None-Match", whole.Header.Get("ETag")).get(path+"/content"), who)
					refused(c.with("Range", "bytes=0-3").get(path+"/content"), who)
				}
			}
			everyWay()

			notice := there("leader").post("/notices", map[string]any{"kita_id": v.kita.ID, "kind": "daily", "title": "Im Wald",
				"audience": map[string]any{"kind": "groups", "targets": []kita.ID{v.bears.ID}}, "file_ids": []string{id}}).want(201).field("id").(string)
			delete(outside, "mum")
			everyWay()
			for who, h := range map[string]*house{"mum": two, "dad": one} {
				c := v.caller(who).at(h)
				if c.get("/notices/"+notice).want(200).field("files.0.id") != id {
					t.Errorf("%s is not told of the picture", who)
				}
				if got := c.get(path + "/content").want(200); !bytes.Equal(got.Raw, whole.Raw) {
					t.Errorf("%s gets another picture", who)
				}
				if part := c.with("Range", "bytes=10-19").get(path + "/content").want(206); !bytes.Equal(part.Raw, whole.Raw[10:20]) {
					t.Errorf("a part of it is %x", part.Raw)
				}
				small, err := jpeg.DecodeConfig(bytes.NewReader(c.get(path + "/thumbnail").want(200).Raw))
				if err != nil || small.Width >= 900 {
					t.Errorf("the small picture is %d wide, %v", small.Width, err)
				}
			}
		})
	}
}
