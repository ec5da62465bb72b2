"""Sign-in of people and services, sessions, access leaves; asks `access` before any service acts."""
