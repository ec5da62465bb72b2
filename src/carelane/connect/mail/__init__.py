"""E-mail by SMTP (RFC 5321): alerts to staff and messages to patients, content-free (TRUST, privacy 6). Blind."""
