package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// scheduled puts down n notices for an hour from now, each a job.
func (o *outbox) scheduled(n int) {
	o.Helper()
	for i := range n {
		_, _, err := o.s.CreateNotice(context.Background(), o.w.Viewer(*o.lead.AccountID), kita.Notice{ID: kita.NewID(), KitaID: o.k.ID, Kind: kita.NoticeNews,
			Title: fmt.Sprint("Später ", i), Language: "de", AudienceKind: kita.AudienceKita, PublishAt: kita.At(o.clock.Now().Add(time.Hour))})
		o.must(err)
	}
}

func (o *outbox) jobs(limit int) []store.Job {
	o.Helper()
	jobs, err := o.s.SystemClaimJobs(context.Background(), limit)
	o.must(err)
	return jobs
}

func TestJobIsTakenWhenItIsTimeAndByOne(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		o.w.Live()
		o.scheduled(30)
		o.clock.Advance(time.Hour - time.Millisecond)
		if got := o.jobs(100); len(got) != 0 {
			o.Fatalf("%d before their time", len(got))
		}
		o.clock.Advance(time.Millisecond)
		var mu sync.Mutex
		taken := map[kita.ID]int{}
		var workers sync.WaitGroup
		for range 4 {
			workers.Go(func() {
				for {
					jobs, err := o.s.SystemClaimJobs(context.Background(), 3)
					if err != nil || len(jobs) == 0 {
						return
					}
					mu.Lock()
					for _, j := range jobs {
						taken[j.ID]++
					}
					mu.Unlock()
				}
			})
		}
		workers.Wait()
		for _, j := range o.jobs(100) { // what nobody got because the others stood in the way
			taken[j.ID]++
		}
		for id, n := range taken {
			if n != 1 {
				o.Errorf("%s was taken %d times", id, n)
			}
		}
		if len(taken) != 30 {
			o.Errorf("%d were taken", len(taken))
		}
		o.clock.Advance(store.Lease)
		if got := o.jobs(100); len(got) != 30 {
			o.Errorf("%d come back when whoever took them is not heard of", len(got))
		}
	})
}

func TestFinishedJobIsDoneAndAMovedOneStays(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		ctx := context.Background()
		o.family("Eltern")
		o.w.Live()
		n := o.post(kita.NoticeNews, kita.AudienceKita)
		o.clock.Advance(24 * time.Hour)
		running := o.jobs(10)
		if len(running) != 1 {
			o.Fatalf("%d jobs", len(running))
		}
		// While it runs, a correction starts the waiting anew.
		title := "Anders"
		_, err := o.s.CorrectNotice(ctx, o.w.Viewer(*o.lead.AccountID), n.ID, store.Correction{Title: &title, Announce: true})
		o.must(err)
		o.must(o.s.SystemFinishJob(ctx, running[0]))
		o.must(o.s.SystemRetryJob(ctx, running[0], "too late"))
		o.clock.Advance(24 * time.Hour)
		moved := o.jobs(10)
		if len(moved) != 1 || moved[0].ID != running[0].ID || moved[0].Attempts != 1 {
			o.Fatalf("%+v", moved)
		}
		o.must(o.s.SystemFinishJob(ctx, moved[0]))
		o.clock.Advance(48 * time.Hour)
		if got := o.jobs(10); len(got) != 0 {
			o.Errorf("done, and yet %+v", got)
		}
	})
}

func TestFailedJobComesBackLaterAndLaterAndShows(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		ctx := context.Background()
		o.w.Live()
		o.scheduled(1)
		o.clock.Advance(time.Hour)
		for try, wait := range []time.Duration{20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 320 * time.Second,
			640 * time.Second, 1280 * time.Second, 2560 * time.Second, time.Hour, time.Hour, time.Hour, time.Hour, time.Hour} {
			jobs := o.jobs(10)
			if len(jobs) != 1 || jobs[0].Attempts != try+1 {
				o.Fatalf("try %d: %+v", try, jobs)
			}
			o.must(o.s.SystemRetryJob(ctx, jobs[0], "the moon is full"))
			q, err := o.s.SystemQueue(ctx)
			o.must(err)
			if q.Jobs != 1 || (q.StuckJobs == 1) != (try >= 2) {
				o.Errorf("after try %d: %+v", try, q)
			}
			o.clock.Advance(wait - time.Millisecond)
			if got := o.jobs(10); len(got) != 0 {
				o.Fatalf("try %d: back before its time", try)
			}
			o.clock.Advance(time.Millisecond)
		}
		jobs := o.jobs(10)
		o.must(o.s.SystemFinishJob(ctx, jobs[0]))
		q, err := o.s.SystemQueue(ctx)
		o.must(err)
		if q.Jobs+q.StuckJobs != 0 {
			o.Errorf("%+v", q)
		}
	})
}

func TestRestartTakesUpWhatTheDeadHeld(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		o.family("Eltern", "fcm.googleapis.com")
		o.w.Live()
		o.post(kita.NoticeNews, kita.AudienceKita)
		o.scheduled(1)
		o.clock.Advance(time.Hour)
		if len(o.claim(10)) != 1 || len(o.jobs(10)) != 1 {
			o.Fatal("nothing to hold")
		}
		if len(o.claim(10)) != 0 || len(o.jobs(10)) != 0 {
			o.Fatal("not held")
		}
		o.must(o.s.SystemReleaseLeases(context.Background()))
		if len(o.claim(10)) != 1 || len(o.jobs(10)) != 1 {
			o.Error("not taken up")
		}
	})
}
