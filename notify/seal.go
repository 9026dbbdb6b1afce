package notify

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"strconv"
	"time"

	"morgenkreis/kita"
)

// Every message is padded to the full record, so that its length says nothing about it. Which record depends on the
// plaintext alone: what Notification builds always fits the first.
const (
	// recordOverhead is what a record holds besides plaintext: salt, record size, key (86), delimiter (1), tag (16).
	recordOverhead = 103
	// recordCommon is the largest that Firefox on Android takes for sure: Mozilla hands its messages on in base64
	// through Google, and answers 413 above 3,070 bytes. A message padded to 4096 never reaches those phones.
	recordCommon = 2900
	recordFull   = 4096 // what every push service must take (RFC 8030, section 7.2)
	recordSmall  = 2000 // the second try after a 413
)

// errTooLong: the payload does not fit the record.
var errTooLong = errors.New("notify: payload does not fit")

// recordSize is the record that m is padded to, or errTooLong.
func (m Message) recordSize() (int, error) {
	sizes := []int{recordCommon, recordFull}
	if m.Small {
		sizes = []int{recordSmall}
	}
	for _, size := range sizes {
		if len(m.Payload)+recordOverhead <= size {
			return size, nil
		}
	}
	return 0, errTooLong
}

// seal makes the finished request for one subscription: encrypted as one aes128gcm record (RFC 8291), signed (RFC 8292).
func (s *Sender) seal(ctx context.Context, sub kita.Subscription, m Message) (*http.Request, error) {
	size, err := m.recordSize()
	if err != nil {
		return nil, err
	}
	// Each message has a key pair of its own, and a salt.
	once, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	var salt [saltSize]byte
	rand.Read(salt[:]) // never fails
	body := newSealed(size)
	if err := encrypt(body.record, m.Payload, sub.P256dh, sub.Auth, once, salt); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, sub.Endpoint, body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = int64(size)
	authorization, err := s.tokens.forOrigin(req.URL.Scheme+"://"+req.URL.Host, s.clock())
	if err != nil {
		return nil, err
	}
	req.Header = http.Header{
		"Authorization":    {authorization},
		"Content-Encoding": {"aes128gcm"},
		"Content-Type":     {"application/octet-stream"},
		"Ttl":              {strconv.FormatInt(int64(max(m.TTL, 0)/time.Second), 10)},
	}
	if m.Urgency != "" {
		req.Header["Urgency"] = []string{m.Urgency}
	}
	if m.Topic != "" {
		req.Header["Topic"] = []string{m.Topic}
	}
	return req, nil
}

const (
	saltSize = 16
	// keyIDSize is that of the sender's public key, which stands where RFC 8188 has the name of a key.
	keyIDSize = 65
)

// encrypt writes the one record of a message (RFC 8188, section 2; RFC 8291, section 3 and 4), all of record: plaintext, padded to
// the end, for the device with the keys p256dh and auth (base64url). once and salt serve for one message only.
func encrypt(record, plaintext []byte, p256dh, auth string, once *ecdh.PrivateKey, salt [saltSize]byte) error {
	const head = saltSize + 4 + 1 + keyIDSize
	if len(plaintext)+recordOverhead > len(record) {
		return errTooLong
	}
	point, err := base64.RawURLEncoding.DecodeString(p256dh)
	if err != nil {
		return err
	}
	device, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return err
	}
	secret, err := base64.RawURLEncoding.DecodeString(auth)
	if err != nil {
		return err
	}
	shared, err := once.ECDH(device)
	if err != nil {
		return err
	}
	sender := once.PublicKey().Bytes()
	ikm, err := hkdf.Key(sha256.New, shared, secret, "WebPush: info\x00"+string(point)+string(sender), sha256.Size)
	if err != nil {
		return err
	}
	// Both come from the same key: extracted once.
	prk, err := hkdf.Extract(sha256.New, ikm, salt[:])
	if err != nil {
		return err
	}
	key, err := hkdf.Expand(sha256.New, prk, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return err
	}
	nonce, err := hkdf.Expand(sha256.New, prk, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return err
	}
	copy(record, salt[:])
	binary.BigEndian.PutUint32(record[saltSize:], uint32(len(record)))
	record[saltSize+4] = keyIDSize
	copy(record[saltSize+5:], sender)
	padded := record[head : len(record)-aead.Overhead()]
	rest := padded[copy(padded, plaintext):]
	clear(rest)
	rest[0] = 2 // the last record; zeros follow
	aead.Seal(padded[:0], nonce, padded, nil)
	return nil
}
