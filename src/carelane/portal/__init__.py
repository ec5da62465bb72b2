"""What people see: pages, and the same actions as a JSON API; `app.build` puts it together.

Rights are asked in `accounts`, work is done in `worklist`, `casebook` and `effects`; here it is shown, masked.
"""
