package handlers_test

import (
	"sync"
	"testing"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// twoNodes are two servers with a pool of connections each on one PostgreSQL.
func twoNodes(t *testing.T, change ...func(*handlers.Options)) (one, two *house) {
	t.Helper()
	address, clock := storetest.ReadyURL(t), storetest.NewClock()
	node := func() *house {
		return newHouse(t, storetest.Open(t, store.Options{URL: address, Clock: clock.Now, NewID: kita.NewID}), clock, change...)
	}
	return node(), node()
}

// at is the same browser, whose next request another node takes.
func (c *caller) at(h *house) *caller {
	d := *c
	d.h = h
	return &d
}

// atOnce asks n times at the same moment, and counts what was answered.
func atOnce(n int, ask func(i int) (status int)) map[int]int {
	var mu sync.Mutex
	answers := map[int]int{}
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			status := ask(i)
			mu.Lock()
			defer mu.Unlock()
			answers[status]++
		})
	}
	all.Wait()
	return answers
}

// fortyGuesses at the same moment, at each of the nodes in turn: five are judged.
func fortyGuesses(t *testing.T, login string, nodes ...*house) {
	t.Helper()
	answers := atOnce(40, func(i int) int { return nodes[i%len(nodes)].stranger().signIn(login, "wrong-wrong-wrong").Status })
	if answers[401] != 5 || answers[429] != 35 {
		t.Errorf("answered %v, want five guesses judged and the rest told to wait", answers)
	}
}

func TestSessionHoldsAtEveryNodeAndEndsAtAllAtOnce(t *testing.T) {
	one, two := twoNodes(t)
	a := one.withPassword("Lea")
	one.Live()
	browser := &caller{h: one, session: one.stranger().signIn(a.Login, goodPassword).want(201).cookie()}
	for range 10 {
		browser.at(one).get("/session").want(200)
		browser.at(two).get("/session").want(200)
	}
	browser.at(two).remove("/session").want(204)
	browser.at(one).get("/session").want(401)
	browser.at(two).get("/session").want(401)
}

// Forty at once at two nodes: five are judged, as if there were one.
func TestGuessesAtSeveralNodesAreCountedTogether(t *testing.T) {
	one, two := twoNodes(t)
	a := one.withPassword("Lea")
	one.Live()
	fortyGuesses(t, a.Login, one, two)
	for _, h := range []*house{one, two} {
		h.stranger().signIn(a.Login, goodPassword).problem(429, "", "signin.too_many")
	}
	// Codes of invitations: sixty from one address, wherever.
	answers := map[int]int{}
	for i := range 70 {
		answers[[]*house{one, two}[i%2].stranger().post("/invitations/lookup", map[string]any{"code": "ABCD-EFGH-JKLM-NPQR-STUV"}).Status]++
	}
	if answers[422] != 60 || answers[429] != 10 {
		t.Errorf("codes: %v", answers)
	}
}

func TestTestPushesAreBoundTogether(t *testing.T) {
	one, two := twoNodes(t)
	a := one.Account("Lea")
	d := one.Device(a.ID, "https://fcm.googleapis.com/fcm/send/x", "", "")
	one.Live()
	browser := one.as(a.ID)
	answers := atOnce(10, func(i int) int {
		return browser.at([]*house{one, two}[i%2]).post("/push/subscriptions/"+string(d.ID)+"/test", nil).Status
	})
	if answers[202] != 1 || answers[429] != 9 {
		t.Errorf("answered %v, want one sent", answers)
	}
}
