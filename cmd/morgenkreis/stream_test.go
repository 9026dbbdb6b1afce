package main

import (
	"bufio"
	"io"
	"net/http"
	"testing"

	"morgenkreis/store/storetest"
)

// An open app listens for hours; a server that stops sends it to the next one.
func TestOpenStreamDoesNotHoldUpTheStop(t *testing.T) {
	p := newProcess(t, nil)
	p.start()
	w := storetest.NewWorld(t, openData(t, p))
	mum := w.Kita("Sonnenschein").Group("Bären").Child("Mia").Guardian("Mama")
	w.Live()
	req, err := http.NewRequestWithContext(t.Context(), "GET", p.url+"/api/v1/events/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: "morgenkreis", Value: w.SignIn(*mum.AccountID)})
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	stream := bufio.NewReader(res.Body)
	if line, err := stream.ReadString('\n'); err != nil || line != "retry: 3000\n" {
		t.Fatalf("%q %v", line, err)
	}
	if err := p.stop(); err != nil {
		t.Errorf("the server did not stop in order: %v", err)
	}
	if _, err := io.ReadAll(stream); err != nil {
		t.Errorf("the stream was cut in the middle of a word: %v", err)
	}
}
