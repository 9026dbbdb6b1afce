package handlers

import (
	"context"
	"encoding/json"

	"morgenkreis/kita"
)

var pushTexts = texts{
	"subscription.malformed":          {"Das ist keine Push-Anmeldung eines Browsers.", "This is not a browser's push subscription."},
	"subscription.too_long":           {"Das ist zu lang für eine Push-Anmeldung.", "This is too long for a push subscription."},
	"subscription.key_malformed":      {"Der Schlüssel p256dh ist kein Punkt auf P-256.", "The key p256dh is not a point on P-256."},
	"subscription.auth_malformed":     {"Das Geheimnis auth hat nicht 16 Bytes.", "The secret auth is not 16 bytes."},
	"subscription.endpoint_malformed": {"Das ist keine gültige Adresse.", "This is not a valid address."},
	"subscription.endpoint_too_long":  {"Diese Adresse ist zu lang.", "This address is too long."},
	"subscription.endpoint_scheme":    {"Push-Adressen beginnen mit https.", "Push addresses start with https."},
	"subscription.endpoint_user_info": {"In dieser Adresse steht ein Name oder Passwort.", "This address holds a name or password."},
	"subscription.endpoint_ip":        {"Push-Dienste haben einen Namen, keine Nummer.", "Push services have a name, not a number."},
	"subscription.endpoint_port":      {"Push-Dienste stehen auf Port 443.", "Push services are on port 443."},
	"subscription.endpoint_host":      {"Diesen Push-Dienst kennen wir nicht.", "We do not know this push service."},
	"endpoint_hosts.malformed":        {"Das ist kein Name eines Push-Dienstes.", "This is not the name of a push service."},
	"push.test_too_soon":              {"Die letzte Probe ist noch unterwegs.", "The last test is still on its way."},
	"push.receipt":                    {"Diese Quittung stammt nicht von uns.", "This receipt is not one of ours."},
}

// PushKeyOutput is the key a browser subscribes with.
type PushKeyOutput struct {
	Body struct {
		Key string `json:"key" doc:"The VAPID public key (RFC 8292), base64url: applicationServerKey."`
	}
}

// PushKey is for every browser, signed in or not.
func (s *Server) PushKeyOf(context.Context, *struct{}) (*PushKeyOutput, error) {
	out := &PushKeyOutput{}
	out.Body.Key = s.PushKey
	return out, nil
}

// SubscriptionView is one of the viewer's devices. Its endpoint stays inside: whoever knows it can address the device.
type SubscriptionView struct {
	ID             kita.ID       `json:"id"`
	Name           string        `json:"name"`
	UserAgent      string        `json:"user_agent"`
	Service        string        `json:"service" doc:"The push service's domain."`
	Current        bool          `json:"current" doc:"The device of the session that asks."`
	CreatedAt      kita.Instant  `json:"created_at"`
	LastAcceptedAt *kita.Instant `json:"last_accepted_at,omitempty" doc:"When its push service last took a message, give or take a day."`
	LastShownAt    *kita.Instant `json:"last_shown_at,omitempty"`
	Trouble        string        `json:"trouble,omitempty"`
}

func subscriptionView(v kita.Viewer) func(kita.Subscription) SubscriptionView {
	return func(d kita.Subscription) SubscriptionView {
		return SubscriptionView{d.ID, d.Name, d.UserAgent, d.Service(), d.SessionID != nil && *d.SessionID == v.SessionID() && v.SessionID() != "",
			d.CreatedAt, d.LastAcceptedAt, d.LastShownAt, d.Trouble}
	}
}

// SubscriptionOutput is one device.
type SubscriptionOutput struct {
	Status int
	Body   SubscriptionView
}

// Subscriptions lists the viewer's devices.
func (s *Server) Subscriptions(ctx context.Context, _ *struct{}) (*List[SubscriptionView], error) {
	v := viewerFrom(ctx)
	rows, err := s.store.Subscriptions(ctx, v)
	return listOf(rows, subscriptionView(v)), err
}

// Subscribe keeps a device. The body is what PushSubscription.toJSON() gives, and, if wanted, a name.
func (s *Server) Subscribe(ctx context.Context, in *struct {
	Body struct {
		Endpoint       string   `json:"endpoint" maxLength:"2048"`
		ExpirationTime *float64 `json:"expirationTime,omitempty" nullable:"true"`
		Keys           struct {
			P256dh string `json:"p256dh" maxLength:"200"`
			Auth   string `json:"auth" maxLength:"100"`
		} `json:"keys"`
		Name string `json:"name,omitempty" maxLength:"60" doc:"What the owner calls the device."`
	}
}) (*SubscriptionOutput, error) {
	raw, err := json.Marshal(in.Body)
	if err != nil {
		return nil, err
	}
	d, err := kita.ParseSubscription(raw, s.Hosts)
	if err != nil {
		return nil, err
	}
	v := viewerFrom(ctx)
	d.ID, d.Name, d.UserAgent = s.NewID(), kita.Name(in.Body.Name), clientFrom(ctx).userAgent
	if len(d.UserAgent) > 300 {
		d.UserAgent = d.UserAgent[:300]
	}
	d, again, err := s.store.Subscribe(ctx, v, d)
	return &SubscriptionOutput{created(again), subscriptionView(v)(d)}, err
}

// RenameSubscription names a device.
func (s *Server) RenameSubscription(ctx context.Context, in *struct {
	ByID
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"60"`
	}
}) (*SubscriptionOutput, error) {
	v := viewerFrom(ctx)
	d, err := s.store.RenameSubscription(ctx, v, in.ID, kita.Name(in.Body.Name))
	return &SubscriptionOutput{200, subscriptionView(v)(d)}, err
}

// Unsubscribe removes a device.
func (s *Server) Unsubscribe(ctx context.Context, in *ByID) (*Nothing, error) {
	return nil, s.store.Unsubscribe(ctx, viewerFrom(ctx), in.ID)
}

// Queued answers 202: it will be sent in a moment.
type Queued struct{ Status int }

// TestPush sends a test to one of the viewer's devices.
func (s *Server) TestPush(ctx context.Context, in *ByID) (*Queued, error) {
	return &Queued{202}, s.store.TestPush(ctx, viewerFrom(ctx), in.ID)
}

// PushReceipt takes a service worker's word that it showed a push. The signed token in the push is the whole of its
// identity: a service worker may have no session.
func (s *Server) PushReceipt(ctx context.Context, in *struct {
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"200"`
	}
}) (*Nothing, error) {
	delivery, err := s.Receipts.Verify(in.Body.Token)
	if err != nil {
		return nil, kita.Invalid("token", "push.receipt")
	}
	return nil, s.store.SystemShown(ctx, delivery)
}
