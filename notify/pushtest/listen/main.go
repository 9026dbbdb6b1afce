// Command listen is a push service on loopback with one device, for trying the server without a phone: its first line is
// the device's subscription, as a browser would send it to POST /api/v1/push/subscriptions; each further line is a message
// as that device reads it, after RFC 8291 decryption. The server must run with --push-allow-loopback.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"morgenkreis/notify/pushtest"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8095", "where to listen; loopback only")
	flag.Parse()
	if err := listen(*addr); err != nil {
		fmt.Fprintln(os.Stderr, "listen:", err)
		os.Exit(1)
	}
}

func listen(addr string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	service, err := pushtest.Start(pushtest.Options{Addr: addr})
	if err != nil {
		return err
	}
	defer service.Close()
	fmt.Println(string(service.Subscribe("").JSON()))
	for n := 0; ; {
		if err := service.AwaitAccepted(ctx, n+1); err != nil {
			return nil // interrupted
		}
		for _, m := range service.Accepted()[n:] {
			n++
			fmt.Printf("TTL %.0f s, urgency %s, topic %s: %s\n", m.TTL.Seconds(), m.Urgency, m.Topic, m.Plaintext)
		}
	}
}
