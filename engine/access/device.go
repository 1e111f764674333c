package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"picloud/db"
	"picloud/engine/id"
	"picloud/queries"
)

// DeviceLifetime is how long a browser stays known after the last sign-in from it.
const DeviceLifetime = 400 * 24 * time.Hour // the most that browsers keep a cookie (RFC 6265bis, section 5.5)

// deviceKeySetting holds the key that marks of devices are signed with.
const deviceKeySetting = "device_key"

// mark is what a browser keeps of a sign-in: "<user>.<random>.<signature>", in which the
// signature is the HMAC (RFC 2104) with SHA-256 of what stands before it. It lets nobody
// in: whoever has it for an account is only not held up by what others try against that
// account.
func mark(key []byte, user id.User) string {
	text := user.String() + "." + rand.Text()
	return text + "." + signature(key, text)
}

func signature(key []byte, text string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// marks tells whether the mark was made with the key for that user.
func marks(key []byte, user id.User, given string) bool {
	end := strings.LastIndexByte(given, '.')
	return end > 0 && hmac.Equal([]byte(given[end+1:]), []byte(signature(key, given[:end]))) &&
		strings.HasPrefix(given, user.String()+".")
}

// deviceKey reads the key, and makes it where no node has yet.
func (s *Service) deviceKey(ctx context.Context) ([]byte, error) {
	value, err := s.q.ReadSetting(ctx, s.pool, deviceKeySetting)
	if db.IsNoRows(err) {
		fresh := make([]byte, 32)
		_, _ = rand.Read(fresh) // never fails
		err = s.q.AddSetting(ctx, s.pool, queries.AddSettingParams{Name: deviceKeySetting, Value: base64.RawStdEncoding.EncodeToString(fresh)})
		if err == nil {
			value, err = s.q.ReadSetting(ctx, s.pool, deviceKeySetting)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of devices: %w", err)
	}
	key, err := base64.RawStdEncoding.DecodeString(value)
	if err != nil {
		return nil, fmt.Errorf("read the key of devices: %w", err)
	}
	return key, nil
}

// deviceOf gives the device that the user is known to have signed in from, or "": the
// browser has a session of theirs, or the mark of an earlier sign-in.
func (s *Service) deviceOf(ctx context.Context, user id.User, client Client) (string, error) {
	if who, ok := s.Actor(ctx); ok && who.User == user {
		return who.Session.String(), nil
	}
	if client.Device == "" {
		return "", nil
	}
	key, err := s.deviceKey(ctx)
	if err != nil || !marks(key, user, client.Device) {
		return "", err
	}
	return client.Device, nil
}

// markDevice gives the mark that the browser has, if it is the user's, or a new one.
func (s *Service) markDevice(ctx context.Context, user id.User, client Client) (string, error) {
	key, err := s.deviceKey(ctx)
	if err != nil {
		return "", err
	}
	if marks(key, user, client.Device) {
		return client.Device, nil
	}
	return mark(key, user), nil
}
