-- Only the sequencer's role grows the trees and signs their heads (I14); deciding and serving may only add leaves.
revoke insert, update, delete on audit_tree, checkpoint from carelane_worker, carelane_app;
revoke update, delete, truncate on audit_sheaf, access_sheaf from public;
-- What was decided, received or applied is not rewritten by whoever serves people.
revoke update on release, organisation, directory_snapshot, merge_log from carelane_app;
