package pushtest_test

import (
	"crypto/ecdh"
	"encoding/base64"
	"strings"
	"testing"

	"morgenkreis/notify/pushtest"
)

// The example of RFC 8291, section 5; its intermediate values are in appendix A.
const (
	rfcPlaintext = "When I grow up, I want to be a watermelon"
	rfcPrivate   = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
	rfcPublic    = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	rfcAuth      = "BTBZMqHH6r4Tts7J_aSIgg"
	rfcMessage   = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml" +
		"mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT" +
		"pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)

func unbase64(t *testing.T, s string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func rfcKey(t *testing.T) *ecdh.PrivateKey {
	t.Helper()
	key, err := ecdh.P256().NewPrivateKey(unbase64(t, rfcPrivate))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestOpensTheExampleOfRFC8291(t *testing.T) {
	key := rfcKey(t)
	if got := base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()); got != rfcPublic {
		t.Fatalf("public key %s", got)
	}
	plaintext, err := pushtest.Open(key, unbase64(t, rfcAuth), unbase64(t, rfcMessage))
	if err != nil || string(plaintext) != rfcPlaintext {
		t.Errorf("%q, %v", plaintext, err)
	}
}

func TestNoFlippedByteIsOpened(t *testing.T) {
	key, auth, message := rfcKey(t), unbase64(t, rfcAuth), unbase64(t, rfcMessage)
	for i := range message {
		if i >= 16 && i < 20 {
			continue // the record size: an upper bound that nothing is derived from (RFC 8188, section 2.1)
		}
		message[i] ^= 1
		if plaintext, err := pushtest.Open(key, auth, message); err == nil {
			t.Errorf("with byte %d flipped, %q was opened", i, plaintext)
		}
		message[i] ^= 1
	}
	for i := range auth {
		auth[i] ^= 1
		if _, err := pushtest.Open(key, auth, message); err == nil {
			t.Errorf("with byte %d of the secret flipped, the message was opened", i)
		}
		auth[i] ^= 1
	}
}

func TestNoPartOfAMessageIsOpened(t *testing.T) {
	key, auth, message := rfcKey(t), unbase64(t, rfcAuth), unbase64(t, rfcMessage)
	for n := range message {
		if _, err := pushtest.Open(key, auth, message[:n]); err == nil {
			t.Errorf("the first %d bytes were opened", n)
		}
	}
	if _, err := pushtest.Open(key, auth, append(message, make([]byte, 4096)...)); err == nil || !strings.Contains(err.Error(), "one record") {
		t.Errorf("more than one record: %v", err)
	}
}
