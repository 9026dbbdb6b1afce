package main

import (
	"bytes"
	"io"
	"os"
	"testing"
)

func TestTheRepositoryHoldsTheDescriptionThatTheProgramPrints(t *testing.T) {
	var printed bytes.Buffer
	if err := openapiCommand(t.Context(), nil, &printed, io.Discard); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(printed.Bytes(), kept) {
		t.Fatal("docs/openapi.json is not what the program prints: run make openapi")
	}
}
