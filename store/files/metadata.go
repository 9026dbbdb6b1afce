package files

import (
	"bytes"
	"encoding/binary"
)

// jpegFacts is what must be known of a JPEG before it is decoded.
type jpegFacts struct {
	orientation int  // EXIF, 1–8
	progressive bool // all coefficients are held in memory until the last scan
	scans       int  // each costs a walk over the whole picture
}

// readJPEG walks the marker segments of a JPEG (ITU-T T.81, annex B) up to its end marker or to where they stop making
// sense; the decoder has the last word on that.
func readJPEG(data []byte) jpegFacts {
	const (
		startOfFrame2 = 0xC2 // progressive, Huffman
		restart0      = 0xD0
		restart7      = 0xD7
		startOfImage  = 0xD8
		endOfImage    = 0xD9
		startOfScan   = 0xDA
		temporary     = 0x01
		app1          = 0xE1
	)
	facts := jpegFacts{orientation: 1}
	seenExif := false
	for {
		// Behind a scan's header come its coded bytes, in which 0xFF is always followed by 0.
		i := bytes.IndexByte(data, 0xFF)
		if i < 0 || i+1 >= len(data) {
			return facts
		}
		marker := data[i+1]
		if marker == 0xFF { // padding
			data = data[i+1:]
			continue
		}
		data = data[i+2:]
		switch {
		case marker == endOfImage:
			return facts
		case marker == 0, marker == startOfImage, marker == temporary, restart0 <= marker && marker <= restart7:
			continue // these stand alone
		}
		if len(data) < 2 {
			return facts
		}
		length := int(binary.BigEndian.Uint16(data))
		if length < 2 || length > len(data) {
			return facts
		}
		payload := data[2:length]
		data = data[length:]
		switch marker {
		case startOfFrame2:
			facts.progressive = true
		case startOfScan:
			facts.scans++
		case app1:
			if tiff, ok := bytes.CutPrefix(payload, []byte("Exif\x00\x00")); ok && !seenExif {
				facts.orientation, seenExif = exifOrientation(tiff), true
			}
		}
	}
}

// pngOrientation reads the eXIf chunk (PNG, third edition, 11.3.4.5) when there is one.
func pngOrientation(data []byte) int {
	const signature, header, checksum = 8, 8, 4
	for data = data[min(signature, len(data)):]; len(data) >= header; {
		length := uint64(binary.BigEndian.Uint32(data))
		if length+header+checksum > uint64(len(data)) {
			break
		}
		if string(data[4:8]) == "eXIf" {
			return exifOrientation(data[header : header+length])
		}
		data = data[header+length+checksum:]
	}
	return 1
}

// webpOrientation reads the EXIF chunk (RFC 9649, section 2.7.1.5) when there is one.
func webpOrientation(data []byte) int {
	const fileHeader, header = 12, 8
	for data = data[min(fileHeader, len(data)):]; len(data) >= header; {
		length := uint64(binary.LittleEndian.Uint32(data[4:]))
		if length+header > uint64(len(data)) {
			break
		}
		if string(data[:4]) == "EXIF" {
			// Some writers keep the prefix that only a JPEG needs.
			return exifOrientation(bytes.TrimPrefix(data[header:header+length], []byte("Exif\x00\x00")))
		}
		data = data[min(header+length+length%2, uint64(len(data))):]
	}
	return 1
}

// exifOrientation reads tag 0x0112 of the first directory of a TIFF structure (EXIF 2.32, 4.6.4 A): how a picture has to
// be turned and mirrored to stand upright, 1 (as it is) to 8. It is 1 when the tag is missing or makes no sense.
func exifOrientation(tiff []byte) int {
	const header, entrySize, orientationTag, short = 8, 12, 0x0112, 3
	if len(tiff) < header {
		return 1
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	offset := uint64(order.Uint32(tiff[4:]))
	if offset+2 > uint64(len(tiff)) {
		return 1
	}
	directory := tiff[offset:]
	entries := int(order.Uint16(directory))
	for directory = directory[2:]; entries > 0 && len(directory) >= entrySize; entries-- {
		if order.Uint16(directory) == orientationTag && order.Uint16(directory[2:]) == short {
			if o := int(order.Uint16(directory[8:])); 1 <= o && o <= 8 {
				return o
			}
			return 1
		}
		directory = directory[entrySize:]
	}
	return 1
}
