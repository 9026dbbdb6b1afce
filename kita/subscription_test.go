package kita_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"morgenkreis/kita"
)

// A key pair's public half and an authentication secret, as RFC 8291 prints them in its appendix A.
const (
	rfcP256dh = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	rfcAuth   = "BTBZMqHH6r4Tts7J_aSIgg"
)

const mozilla = "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABk"

func browserJSON(endpoint, p256dh, auth string) []byte {
	raw, err := json.Marshal(map[string]any{
		"endpoint": endpoint, "expirationTime": nil,
		"keys": map[string]string{"p256dh": p256dh, "auth": auth},
	})
	if err != nil {
		panic(err)
	}
	return raw
}

func TestEndpointsOfKnownPushServicesArePermitted(t *testing.T) {
	for _, endpoint := range []string{
		mozilla,
		"https://fcm.googleapis.com/fcm/send/dQw4w9WgXcQ:APA91b",
		"https://jmt17.google.com/fcm/send/abc",
		"https://web.push.apple.com/QGuQyavXutnMH",
		"https://eu.push.apple.com/3/device",
		"https://wns2-par02p.notify.windows.com/w/?token=BQYAAAC%2bx",
		"https://push.kita.example/abc",
		"https://a.b.push.example/abc",
	} {
		hosts := kita.EndpointHosts{Extra: []string{"push.kita.example", "*.push.example"}}
		if err := hosts.Check(endpoint); err != nil {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

func TestEndpointsElsewhereAreRefused(t *testing.T) {
	long := "https://fcm.googleapis.com/" + strings.Repeat("a", 2048)
	for _, c := range []struct{ endpoint, code string }{
		{"", "endpoint_malformed"},
		{"fcm.googleapis.com/fcm/send/x", "endpoint_malformed"},
		{"https:fcm.googleapis.com/x", "endpoint_malformed"},
		{"https:///x", "endpoint_malformed"},
		{"https://fcm.googleapis.com/a b", "endpoint_malformed"},
		{"https://fcm.googleapis.com/\r\nHost: evil.example", "endpoint_malformed"},
		{"https://fcm.googleapis.com/x#https://evil.example", "endpoint_malformed"},
		{"https://fcm.googleapis.com\\@evil.example/x", "endpoint_malformed"},
		{"https://fcm.googleapis.com%2eevil.example/x", "endpoint_malformed"},
		{"https://fcm.googleapiѕ.com/x", "endpoint_malformed"}, // Cyrillic dze
		{"https://fcm。googleapis。com/x", "endpoint_malformed"},
		{long, "endpoint_too_long"},
		{"http://fcm.googleapis.com/x", "endpoint_scheme"},
		{"ftp://fcm.googleapis.com/x", "endpoint_scheme"},
		{"file://fcm.googleapis.com/etc/passwd", "endpoint_scheme"},
		{"http://127.0.0.1:8080/x", "endpoint_scheme"},
		{"https://user@fcm.googleapis.com/x", "endpoint_user_info"},
		{"https://fcm.googleapis.com@evil.example/x", "endpoint_user_info"},
		{"https://fcm.googleapis.com:443@169.254.169.254/", "endpoint_user_info"},
		{"https://fcm.googleapis.com:8443/x", "endpoint_port"},
		{"https://fcm.googleapis.com:443/x", "endpoint_port"},
		{"https://fcm.googleapis.com:/x", "endpoint_port"},
		{"https://142.250.74.106/x", "endpoint_ip"},
		{"https://169.254.169.254/x.google.com/", "endpoint_ip"},
		{"https://[2a00:1450:4001::a]/x", "endpoint_ip"},
		{"https://[::ffff:127.0.0.1]/x", "endpoint_ip"},
		{"https://2130706433/x", "endpoint_host"},
		{"https://0x7f000001/x", "endpoint_host"},
		{"https://0177.0.0.1/x", "endpoint_host"},
		{"https://localhost/x", "endpoint_host"},
		{"https://evil.example/fcm.googleapis.com", "endpoint_host"},
		{"https://evil.example/?fcm.googleapis.com", "endpoint_host"},
		{"https://fcm.googleapis.com.evil.example/x", "endpoint_host"},
		{"https://fcm.googleapis.com./x", "endpoint_host"},
		{"https://FCM.googleapis.com/x", "endpoint_host"},
		{"https://xfcm.googleapis.com/x", "endpoint_host"},
		{"https://a.fcm.googleapis.com/x", "endpoint_host"},
		{"https://push.apple.com/x", "endpoint_host"},
		{"https://.push.apple.com/x", "endpoint_host"},
		{"https://evilpush.apple.com/x", "endpoint_host"},
		{"https://push.apple.com.evil.example/x", "endpoint_host"},
		{"https://evil_.push.apple.com/x", "endpoint_host"},
		{"https://notify.windows.com/x", "endpoint_host"},
		{"https://xn--fcm-googleapis-com.example/x", "endpoint_host"},
		{"https://push.example/abc", "endpoint_host"}, // *.push.example is what lies below it
	} {
		hosts := kita.EndpointHosts{Extra: []string{"*.push.example"}}
		err := hosts.Check(c.endpoint)
		if want := kita.Invalid("endpoint", "subscription."+c.code); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", c.endpoint, err, want)
		}
	}
}

func TestLoopbackPermitsThisMachineAndNothingMore(t *testing.T) {
	hosts := kita.EndpointHosts{AllowLoopback: true}
	for _, endpoint := range []string{
		"http://127.0.0.1:39001/push/x", "https://127.8.9.10/x", "http://localhost/x", "https://[::1]:8443/x", mozilla,
	} {
		if err := hosts.Check(endpoint); err != nil {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	for _, c := range []struct{ endpoint, code string }{
		{"http://fcm.googleapis.com/x", "endpoint_scheme"},
		{"ftp://127.0.0.1/x", "endpoint_scheme"},
		{"http://127.0.0.1:0/x", "endpoint_port"},
		{"http://127.0.0.1:65536/x", "endpoint_port"},
		{"http://user@127.0.0.1/x", "endpoint_user_info"},
		{"https://10.0.0.1/x", "endpoint_ip"},
		{"https://0.0.0.0/x", "endpoint_ip"},
		{"https://[::ffff:127.0.0.1]/x", "endpoint_ip"},
		{"https://[::1%25lo]/x", "endpoint_ip"},
		{"https://localhost.evil.example/x", "endpoint_host"},
		{"https://127.0.0.1.evil.example/x", "endpoint_host"},
		{"https://LOCALHOST/x", "endpoint_host"},
	} {
		err := hosts.Check(c.endpoint)
		if want := kita.Invalid("endpoint", "subscription."+c.code); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", c.endpoint, err, want)
		}
	}
}

func TestExtraHostsAreNamesAndNotPatterns(t *testing.T) {
	for host, good := range map[string]bool{
		"push.kita.example": true, "*.kita.example": true,
		"*": false, "*.": false, "*.example": false, "example": false, "": false,
		"https://push.kita.example": false, "push.kita.example/x": false, "push.kita.example:443": false,
		"push.*.example": false, "PUSH.kita.example": false, "10.0.0.1": false, "*.10.0.0.1": false, "::1": false,
	} {
		if err := (kita.EndpointHosts{Extra: []string{host}}).Validate(); (err == nil) != good {
			t.Errorf("%q: %v", host, err)
		}
	}
}

func TestSubscriptionIsReadInEverySpellingOfBase64(t *testing.T) {
	standard := strings.NewReplacer("-", "+", "_", "/")
	for _, c := range []struct{ p256dh, auth string }{
		{rfcP256dh, rfcAuth},
		{rfcP256dh + "=", rfcAuth + "=="},
		{standard.Replace(rfcP256dh), standard.Replace(rfcAuth)},
		{standard.Replace(rfcP256dh) + "=", standard.Replace(rfcAuth) + "=="},
	} {
		s, err := kita.ParseSubscription(browserJSON(mozilla, c.p256dh, c.auth), kita.EndpointHosts{})
		if err != nil {
			t.Errorf("%+v: %v", c, err)
		}
		if s.Endpoint != mozilla || s.P256dh != rfcP256dh || s.Auth != rfcAuth {
			t.Errorf("%+v was read as %+v", c, s)
		}
	}
}

func TestWrongSubscriptionsNameTheField(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	point, err := base64.RawURLEncoding.DecodeString(rfcP256dh)
	if err != nil {
		t.Fatal(err)
	}
	offCurve := append([]byte(nil), point...)
	offCurve[64] ^= 1
	compressed := append([]byte{2}, point[1:33]...)
	for name, c := range map[string]struct {
		raw         []byte
		field, code string
	}{
		"empty":              {nil, "", "malformed"},
		"not JSON":           {[]byte("endpoint=x"), "", "malformed"},
		"a list":             {[]byte("[]"), "", "malformed"},
		"two values":         {[]byte("{}{}"), "", "malformed"},
		"huge":               {[]byte(`{"x":"` + strings.Repeat("a", 5000) + `"}`), "", "too_long"},
		"endpoint a number":  {[]byte(`{"endpoint":1}`), "endpoint", "malformed"},
		"keys a string":      {[]byte(`{"keys":"x"}`), "keys", "malformed"},
		"auth a number":      {[]byte(`{"keys":{"auth":1}}`), "keys.auth", "malformed"},
		"no endpoint":        {browserJSON("", rfcP256dh, rfcAuth), "endpoint", "endpoint_malformed"},
		"foreign endpoint":   {browserJSON("https://evil.example/", rfcP256dh, rfcAuth), "endpoint", "endpoint_host"},
		"no key":             {browserJSON(mozilla, "", rfcAuth), "keys.p256dh", "key_malformed"},
		"key not base64":     {browserJSON(mozilla, "§", rfcAuth), "keys.p256dh", "key_malformed"},
		"key off the curve":  {browserJSON(mozilla, b64(offCurve), rfcAuth), "keys.p256dh", "key_malformed"},
		"key compressed":     {browserJSON(mozilla, b64(compressed), rfcAuth), "keys.p256dh", "key_malformed"},
		"key at infinity":    {browserJSON(mozilla, "AA", rfcAuth), "keys.p256dh", "key_malformed"},
		"key too long":       {browserJSON(mozilla, b64(append(point, 0)), rfcAuth), "keys.p256dh", "key_malformed"},
		"no auth":            {browserJSON(mozilla, rfcP256dh, ""), "keys.auth", "auth_malformed"},
		"auth of 15 bytes":   {browserJSON(mozilla, rfcP256dh, b64(make([]byte, 15))), "keys.auth", "auth_malformed"},
		"auth of 17 bytes":   {browserJSON(mozilla, rfcP256dh, b64(make([]byte, 17))), "keys.auth", "auth_malformed"},
		"key on two lines":   {browserJSON(mozilla, rfcP256dh[:40]+"\n"+rfcP256dh[40:], rfcAuth), "keys.p256dh", "key_malformed"},
		"auth on two lines":  {browserJSON(mozilla, rfcP256dh, rfcAuth+"\r\n"), "keys.auth", "auth_malformed"},
		"auth padded thrice": {browserJSON(mozilla, rfcP256dh, rfcAuth+"==="), "keys.auth", "auth_malformed"},
	} {
		s, err := kita.ParseSubscription(c.raw, kita.EndpointHosts{})
		if !names(err, c.field, "subscription."+c.code) {
			t.Errorf("%s: %v, want %s: subscription.%s", name, err, c.field, c.code)
		}
		if s != (kita.Subscription{}) {
			t.Errorf("%s: a refused subscription gives %+v", name, s)
		}
	}
	_, err = kita.ParseSubscription([]byte(`{}`), kita.EndpointHosts{})
	var all kita.Errors
	if !errors.As(err, &all) || len(all) != 3 {
		t.Errorf("an empty subscription names %v, want all three fields", err)
	}
}

// names tells whether err, one error or several, holds exactly this field and code.
func names(err error, field, code string) bool {
	var one *kita.Error
	var all kita.Errors
	if errors.As(err, &all) {
		return len(all) == 1 && all[0].Field == field && all[0].Code == code
	}
	return errors.As(err, &one) && one.Field == field && one.Code == code
}

func TestServiceIsNamedWithoutTheEndpoint(t *testing.T) {
	for endpoint, service := range map[string]string{
		mozilla:                              "updates.push.services.mozilla.com",
		"https://fcm.googleapis.com/fcm/x":   "fcm.googleapis.com",
		"https://web.push.apple.com/x":       "push.apple.com",
		"https://eu.push.apple.com/x":        "push.apple.com",
		"https://wns2-x.notify.windows.com/": "notify.windows.com",
		"https://push.kita.example/x":        "push.kita.example",
		"http://127.0.0.1:4711/push/x":       "127.0.0.1:4711",
	} {
		s := kita.Subscription{Endpoint: endpoint}
		if s.Service() != service {
			t.Errorf("%s is of %s, want %s", endpoint, s.Service(), service)
		}
		if f := s.Fingerprint(); len(f) != 8 || strings.Contains(endpoint, f) {
			t.Errorf("%s has the fingerprint %s", endpoint, f)
		}
	}
}

func FuzzParseSubscription(f *testing.F) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	fresh := base64.StdEncoding.EncodeToString(key.PublicKey().Bytes())
	f.Add(browserJSON(mozilla, rfcP256dh, rfcAuth), false)
	f.Add(browserJSON("https://web.push.apple.com/x", fresh, rfcAuth+"=="), false)
	f.Add(browserJSON("http://127.0.0.1:9/x", rfcP256dh, rfcAuth), true)
	f.Add(browserJSON("http://[::1]:9/x", rfcP256dh, rfcAuth), true)
	f.Add(browserJSON("https://a@fcm.googleapis.com:443/#x", "BA==", "++//"), false)
	f.Add([]byte(`{"endpoint":"https://fcm.googleapis.com/\ud800","keys":null}`), false)
	f.Add([]byte(`{"endpoint":{},"keys":[]}`), true)
	f.Fuzz(func(t *testing.T, raw []byte, loopback bool) {
		hosts := kita.EndpointHosts{AllowLoopback: loopback}
		s, err := kita.ParseSubscription(raw, hosts)
		if err != nil {
			if s != (kita.Subscription{}) {
				t.Fatalf("a refused subscription gives %+v", s)
			}
			return
		}
		if !strings.HasPrefix(s.Endpoint, "https://") && !loopback {
			t.Fatalf("%q is accepted", s.Endpoint)
		}
		if s.Service() == "" || len(s.Endpoint) > 2048 {
			t.Fatalf("%q is accepted", s.Endpoint)
		}
		again, err := kita.ParseSubscription(browserJSON(s.Endpoint, s.P256dh, s.Auth), hosts)
		if err != nil || again != s {
			t.Fatalf("%+v is read again as %+v, %v", s, again, err)
		}
	})
}
