package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"time"

	"github.com/labstack/echo/v4"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/notify"
	"morgenkreis/store"
	"morgenkreis/store/files"
)

// house is the server on a real port, with everything but the dispatcher.
type house struct {
	store  *store.Store
	server *httptest.Server
	client *http.Client
}

// receiptKey is secret enough for a house that nobody lives in.
var receiptKey = make([]byte, 32)

// open serves the database of o. The folder is for attachments, of which there are none.
func open(ctx context.Context, o store.Options, folder string) (*house, error) {
	s, err := store.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	h := &house{store: s}
	if err := h.serve(folder); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return h, nil
}

func (h *house) serve(folder string) error {
	attachments, err := files.New(filepath.Join(folder, "files"))
	if err != nil {
		return err
	}
	receipts, err := notify.NewReceipts(receiptKey)
	if err != nil {
		return err
	}
	base := &url.URL{Scheme: "http", Host: "localhost:8080"}
	h.server = httptest.NewServer(handlers.New(handlers.Options{Store: h.store, Files: attachments, BaseURL: base, Receipts: receipts,
		Clock: time.Now, NewID: kita.NewID, Version: "bench"}))
	h.client = h.server.Client()
	return nil
}

func (h *house) close() error {
	h.server.Close()
	return h.store.Close()
}

// signIn opens a session and answers its token.
func (h *house) signIn(ctx context.Context, account kita.ID) (string, error) {
	token := string(kita.NewID() + kita.NewID())
	_, err := h.store.SystemStartSession(ctx, account, token, "bench")
	return token, err
}

// call asks the API with the session, and answers what came back; another status than want is an error.
func (h *house) call(method, path, session string, body any, want int) ([]byte, error) {
	var r io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, h.server.URL+path, r)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if session != "" {
		req.AddCookie(&http.Cookie{Name: "morgenkreis", Value: session})
	}
	return answered(h.client, req, want)
}

func answered(client *http.Client, req *http.Request, want int) ([]byte, error) {
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != want {
		err = fmt.Errorf("%s %s answers %d: %s", req.Method, req.URL.Path, res.StatusCode, raw)
	}
	return raw, err
}

func (h *house) signInAll(ctx context.Context, accounts []kita.ID) ([]string, error) {
	sessions := make([]string, len(accounts))
	for i, account := range accounts {
		var err error
		if sessions[i], err = h.signIn(ctx, account); err != nil {
			return nil, err
		}
	}
	return sessions, nil
}

// guardians signs in n guardians of kitas 1 to count, drawn at random, the same at each run.
func (h *house) guardians(ctx context.Context, t *template, count, n int) ([]string, error) {
	rnd := rand.New(rand.NewPCG(1, 2))
	accounts := make([]kita.ID, n)
	for i := range accounts {
		accounts[i] = copyOf(t.guardians[rnd.IntN(len(t.guardians))], 1+rnd.IntN(count))
	}
	return h.signInAll(ctx, accounts)
}

const feedPath = handlers.Prefix + "/notices?limit=20"

// feed is a runner that opens the list of one guardian after the other.
func (h *house) feed(name string, requests int, sessions []string) *runner {
	next := 0
	return &runner{name: name, ops: requests, run: func() error {
		for range requests {
			if _, err := h.call("GET", feedPath, sessions[next%len(sessions)], nil, http.StatusOK); err != nil {
				return err
			}
			next++
		}
		return nil
	}}
}

// onDuty signs in the team of n kitas, drawn at random among 1 to count, the same at each run.
func (h *house) onDuty(ctx context.Context, t *template, count, n int) (all []colleague, err error) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range n {
		number := 1 + rnd.IntN(count)
		for _, account := range t.team {
			c := colleague{kita: copyOf(t.kita, number)}
			if c.session, err = h.signIn(ctx, copyOf(account, number)); err != nil {
				return nil, err
			}
			all = append(all, c)
		}
	}
	return all, nil
}

// colleague is somebody of a kita's team who is signed in.
type colleague struct {
	kita    kita.ID
	session string
}

func (c colleague) today() string {
	return handlers.Prefix + "/absences/today?kita_id=" + string(c.kita)
}

// today is a runner that opens the page of the day for one colleague after the other.
func (h *house) today(name string, requests int, team []colleague) *runner {
	next := 0
	return &runner{name: name, ops: requests, run: func() error {
		for range requests {
			c := team[next%len(team)]
			if _, err := h.call("GET", c.today(), c.session, nil, http.StatusOK); err != nil {
				return err
			}
			next++
		}
		return nil
	}}
}

// checkToday makes sure that what is measured has groups, and children who are away.
func (h *house) checkToday(team []colleague) error {
	groups, absent := 0, 0
	for _, c := range team {
		raw, err := h.call("GET", c.today(), c.session, nil, http.StatusOK)
		if err != nil {
			return err
		}
		var page struct {
			Groups []struct{ Absent []json.RawMessage }
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			return err
		}
		groups += len(page.Groups)
		for _, g := range page.Groups {
			absent += len(g.Absent)
		}
	}
	// Two leaders see all four groups, eight educators one each.
	if kitas := len(team) / (2 + 2*groupCount); groups != kitas*(2*groupCount+2*groupCount) || absent < kitas*4*sickNow {
		return fmt.Errorf("the days of %d colleagues have %d groups and %d absences: not what is to be measured", len(team), groups, absent)
	}
	return nil
}

// checkFeed makes sure that what is measured is a whole page.
func (h *house) checkFeed(sessions []string) error {
	for _, session := range sessions {
		raw, err := h.call("GET", feedPath, session, nil, http.StatusOK)
		if err != nil {
			return err
		}
		var page struct {
			Items  []json.RawMessage
			Next   string
			Unread int
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			return err
		}
		if len(page.Items) != noticesPerPage || page.Next == "" || page.Unread == 0 {
			return fmt.Errorf("a guardian's list has %d items, %d unread: not what is to be measured", len(page.Items), page.Unread)
		}
	}
	return nil
}

// emptyEcho is a handler that does nothing, on a real port: what HTTP alone costs here.
func emptyEcho(requests int) (*runner, func()) {
	e := echo.New()
	e.GET("/", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	server := httptest.NewServer(e)
	client := server.Client()
	return &runner{name: "empty Echo handler", ops: requests, run: func() error {
		for range requests {
			req, err := http.NewRequest("GET", server.URL, nil)
			if err != nil {
				return err
			}
			if _, err := answered(client, req, http.StatusOK); err != nil {
				return err
			}
		}
		return nil
	}}, server.Close
}
