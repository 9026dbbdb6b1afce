package notify

import (
	"strings"
	"testing"

	"morgenkreis/kita"
)

func TestOnlyUrgentIsUrgent(t *testing.T) {
	for _, kind := range kita.NoticeKinds {
		if got, want := Urgency(string(kind)), map[bool]string{true: "high", false: "normal"}[kind == kita.NoticeUrgent]; got != want {
			t.Errorf("%s is %s", kind, got)
		}
	}
	if Urgency("absence") != "normal" {
		t.Error("what is no notice is loud")
	}
}

func TestTopicIsTheSameForTheSameNoticeAndSaysNothingOfIt(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		id := kita.NewID()
		topic := Topic(id)
		if seen[topic] || topic != Topic(id) || !(Message{Topic: topic}).wellFormed() || len(topic) != 22 {
			t.Fatalf("topic %q", topic)
		}
		if strings.Contains(topic, strings.Split(string(id), "-")[0]) {
			t.Fatalf("%s shows in %s", id, topic)
		}
		seen[topic] = true
	}
}
