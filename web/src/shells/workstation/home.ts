/** Where somebody starts, and which pages their role opens. */
import { may, type Session } from "@/api/session";

export type Home = "/reading" | "/identity" | "/patients" | "/node" | "/me";

/** The list for those who read, then whatever their role opens. */
export function homeOf(session: Session): Home {
  if (may(session, "see-exams") && may(session, "read-images")) return "/reading";
  if (may(session, "resolve-identity")) return "/identity";
  if (may(session, "search-patients")) return "/patients";
  return may(session, "see-node") ? "/node" : "/me";
}

/** Administrators see all of it, those who see exams what concerns their work. */
export const maySeeNetwork = (session: Session): boolean =>
  may(session, "see-node") || may(session, "see-exams");

export const mayAdminister = (session: Session): boolean =>
  may(session, "administer-organisation") || may(session, "administer-node") || may(session, "see-audit");
