"""E-mail by SMTP (RFC 5321): alerts to staff, content-free (TRUST, privacy 6). Blind: no look-up is possible."""
