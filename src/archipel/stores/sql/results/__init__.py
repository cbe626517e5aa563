"""What results keep: links and releases, who came in through a link, mails to send."""
