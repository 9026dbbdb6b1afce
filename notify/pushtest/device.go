package pushtest

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"slices"

	"morgenkreis/kita"
)

// Device is one browser that subscribed: it holds the private key that its messages are opened with.
type Device struct {
	// Endpoint is where the push service takes messages for it.
	Endpoint string

	service *Service
	private *ecdh.PrivateKey
	auth    []byte
	// server is the public key that the subscription is bound to (applicationServerKey); empty binds to none.
	server string

	// What is answered, under the service's lock: script is used up one by one, then always, then the service's mix.
	script []Answer
	always *Answer
	// maxBody is the largest message the device takes; 0 is the service's limit.
	maxBody int
}

// NewDevice makes a device with an endpoint elsewhere, which no service of this package answers for: to hand in keys
// that are in order with an endpoint of one's choice.
func NewDevice(endpoint string) *Device {
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	auth := make([]byte, 16)
	rand.Read(auth)
	return &Device{Endpoint: endpoint, private: private, auth: auth}
}

// P256dh is the device's public key, base64url.
func (d *Device) P256dh() string {
	return base64.RawURLEncoding.EncodeToString(d.private.PublicKey().Bytes())
}

// Auth is the device's authentication secret, base64url.
func (d *Device) Auth() string { return base64.RawURLEncoding.EncodeToString(d.auth) }

// JSON is what the browser's PushSubscription.toJSON() gives, the body of POST /api/v1/push/subscriptions.
func (d *Device) JSON() []byte {
	raw, err := json.Marshal(map[string]any{
		"endpoint":       d.Endpoint,
		"expirationTime": nil,
		"keys":           map[string]string{"p256dh": d.P256dh(), "auth": d.Auth()},
	})
	if err != nil {
		panic(err)
	}
	return raw
}

// Subscription is the device as the domain knows it, with a fresh id and no account.
func (d *Device) Subscription() kita.Subscription {
	return kita.Subscription{ID: kita.NewID(), Endpoint: d.Endpoint, P256dh: d.P256dh(), Auth: d.Auth()}
}

// Open decrypts a message for this device.
func (d *Device) Open(message []byte) ([]byte, error) { return Open(d.private, d.auth, message) }

// Script sets what the next messages for d are answered with, one after the other.
func (d *Device) Script(answers ...Answer) {
	d.service.mu.Lock()
	defer d.service.mu.Unlock()
	d.script = answers
}

// Always sets what every message for d is answered with that no script is left for.
func (d *Device) Always(a Answer) {
	d.service.mu.Lock()
	defer d.service.mu.Unlock()
	d.always = &a
}

// Limit makes d refuse messages above maxBody bytes with 413, as Firefox on Android does above 3,070.
func (d *Device) Limit(maxBody int) {
	d.service.mu.Lock()
	defer d.service.mu.Unlock()
	d.maxBody = maxBody
}

// Accepted are the messages for d that the sender was told were taken, and that d could open.
func (d *Device) Accepted() []Message {
	return slices.DeleteFunc(d.service.Accepted(), func(m Message) bool { return m.Device != d })
}
