package files_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store/files"
	"morgenkreis/store/files/s3test"
)

func TestWhatIsWrongWithABucketIsSaidAtTheStart(t *testing.T) {
	g := s3test.Start(t)
	deaf, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + deaf.Addr().String()
	if err := deaf.Close(); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(p *files.Place)
		says   string
	}{
		"access key":  {func(p *files.Place) { p.AccessKey = "nobody" }, "does not know the access key"},
		"secret key":  {func(p *files.Place) { p.SecretKey = "hunter2" }, "refuses the secret key"},
		"bucket":      {func(p *files.Place) { p.Bucket = "not-there" }, "there is no bucket not-there"},
		"region":      {func(p *files.Place) { p.Region = "mars-1" }, "is in another region"},
		"unreachable": {func(p *files.Place) { p.Endpoint = nobody }, nobody + " can not be reached"},
	} {
		p := g.Place("kita")
		tc.change(&p)
		_, err := p.Open(t.Context())
		var trouble *files.Trouble
		if !errors.As(err, &trouble) || !strings.Contains(err.Error(), tc.says) || trouble.Do == "" {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), p.SecretKey) {
			t.Errorf("%s: the secret key is in the message: %v", name, err)
		}
	}
	if _, err := g.Place("kita").Open(t.Context()); err != nil {
		t.Errorf("nothing is wrong: %v", err)
	}
}

func TestABucketOpenToEverybodyIsRefused(t *testing.T) {
	g := s3test.Start(t)
	s := g.Store("kita")
	sum, _, err := s.Put(t.Context(), strings.NewReader("Mia in the forest"))
	if err != nil {
		t.Fatal(err)
	}
	for what, policy := range map[string]string{
		"listing": `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::attachments"}]}`,
		"reading": `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::attachments/*"}]}`,
	} {
		if err := g.Client().SetBucketPolicy(t.Context(), "attachments", policy); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Place("kita").Open(t.Context()); err == nil || !strings.Contains(err.Error(), "everybody can look into") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := g.Client().SetBucketPolicy(t.Context(), "attachments", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Place("kita").Open(t.Context()); err != nil {
		t.Errorf("closed again: %v", err)
	}
	// What we keep is open to nobody by our own doing either.
	public, err := g.Client().GetObjectACL(t.Context(), "attachments", "kita/"+sum)
	if err == nil && len(public.Grant) > 0 {
		for _, grant := range public.Grant {
			if grant.Grantee.URI != "" {
				t.Errorf("granted to %s", grant.Grantee.URI)
			}
		}
	}
}

func TestAServerThatIsKilledDuringAnUploadServesNothingOfIt(t *testing.T) {
	g := s3test.Start(t)
	s := g.Store("kita")
	kept, _, err := s.Put(t.Context(), strings.NewReader("kept"))
	if err != nil {
		t.Fatal(err)
	}
	// A proxy that lets half of the upload through, and then the server dies.
	half, dead := make(chan struct{}), make(chan struct{})
	through := relay(t, g.Address(), files.MaxBytes/2, half, dead)
	p := g.Place("kita")
	p.Endpoint = "http://" + through
	b, err := files.NewBucket(p)
	if err != nil {
		t.Fatal(err)
	}
	content := strings.Repeat("x", files.MaxBytes)
	failed := make(chan error, 1)
	go func() {
		_, _, err := b.Put(context.Background(), strings.NewReader(content))
		failed <- err
	}()
	<-half
	g.Kill()
	close(dead)
	var answer *kita.Error
	if err := <-failed; !errors.As(err, &answer) || answer.Kind != kita.KindUnavailable {
		t.Errorf("the upload ended with %v", err)
	}
	if _, err := s.Open(t.Context(), kept); !errors.As(err, &answer) || answer.Kind != kita.KindUnavailable {
		t.Errorf("nobody is there, and reading ends with %v", err)
	}
	if err := s.Walk(t.Context(), func(files.Entry) error { return nil }); !errors.As(err, &answer) || answer.Kind != kita.KindUnavailable {
		t.Errorf("nobody is there, and listing ends with %v", err)
	}

	g.Restart()
	if _, err := s.Open(t.Context(), sumOf(content)); !errors.Is(err, error(kita.ErrNotFound)) {
		t.Errorf("half a file can be opened: %v", err)
	}
	var seen []string
	if err := s.Walk(t.Context(), func(e files.Entry) error { seen = append(seen, e.Sum); return nil }); err != nil || len(seen) != 1 || seen[0] != kept {
		t.Errorf("listed %v, %v", seen, err)
	}
	if _, _, err := s.Put(t.Context(), strings.NewReader(content)); err != nil {
		t.Errorf("the next try: %v", err)
	}
	if whole, err := files.Whole(t.Context(), s, sumOf(content)); !whole || err != nil {
		t.Errorf("then it is whole: %v, %v", whole, err)
	}
}

func TestReadingGoesOnWhereTheConnectionBroke(t *testing.T) {
	g := s3test.Start(t)
	s := g.Store("kita")
	content := strings.Repeat("0123456789", files.MaxBytes/10)
	sum, _, err := s.Put(t.Context(), strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	p := g.Place("kita")
	p.Endpoint = "http://" + breaking(t, g.Address(), files.MaxBytes/3)
	b, err := files.NewBucket(p)
	if err != nil {
		t.Fatal(err)
	}
	f, err := b.Open(t.Context(), sum)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := io.ReadAll(f); string(got) != content || err != nil {
		t.Errorf("read %d of %d bytes, %v", len(got), len(content), err)
	}
	// A reader whose asker has gone away ends at once.
	ctx, cancel := context.WithCancel(t.Context())
	if f, err = s.Open(ctx, sum); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.CopyN(io.Discard, f, 1000); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, f); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// A service would keep anything under any name; that the digest is signed is what makes the two one.
func TestASmallDamageOnTheWayIsRefusedByTheService(t *testing.T) {
	g := s3test.Start(t)
	p := g.Place("kita")
	p.Endpoint = "http://" + garbling(t, g.Address(), "Speiseplan", "Speiseplam")
	b, err := files.NewBucket(p)
	if err != nil {
		t.Fatal(err)
	}
	if sum, _, err := b.Put(t.Context(), strings.NewReader("der Speiseplan")); err == nil {
		t.Errorf("%s was kept", sum)
	}
	if entries, err := os.ReadDir(filepath.Join(g.Folder(), "kita")); err == nil && len(entries) > 0 {
		t.Errorf("kept: %v", entries)
	}
}

// relay passes connections on to address; after limit bytes to it on one of them it tells so, and holds that one until it is
// told to go on: what comes then finds nobody.
func relay(t *testing.T, address string, limit int64, told chan<- struct{}, goOn <-chan struct{}) string {
	return proxy(t, address, func(client, server net.Conn) {
		if n, _ := io.CopyN(server, client, limit); n == limit {
			select {
			case told <- struct{}{}:
			case <-t.Context().Done():
			}
			select {
			case <-goOn:
			case <-t.Context().Done():
			}
		}
		_, _ = io.Copy(server, client) // ends when one of the two does
	}, func(client, server net.Conn) { _, _ = io.Copy(client, server) })
}

// breaking passes connections on, and cuts each after limit bytes of answers.
func breaking(t *testing.T, address string, limit int64) string {
	return proxy(t, address, func(client, server net.Conn) { _, _ = io.Copy(server, client) },
		func(client, server net.Conn) { _, _ = io.CopyN(client, server, limit) })
}

// garbling replaces one word in what is sent.
func garbling(t *testing.T, address, word, by string) string {
	return proxy(t, address, func(client, server net.Conn) {
		part := make([]byte, 64<<10)
		for {
			n, err := client.Read(part)
			if err != nil {
				return
			}
			if _, err := server.Write([]byte(strings.ReplaceAll(string(part[:n]), word, by))); err != nil {
				return
			}
		}
	}, func(client, server net.Conn) { _, _ = io.Copy(client, server) })
}

func proxy(t *testing.T, address string, up, down func(client, server net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				server, err := net.Dial("tcp", address)
				if err != nil {
					return
				}
				defer server.Close()
				go func() { up(client, server); _ = server.Close() }()
				down(client, server)
			}()
		}
	}()
	return l.Addr().String()
}
