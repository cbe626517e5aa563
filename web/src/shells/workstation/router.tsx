/** The pages and their addresses. Every filter, selection and open panel is in the address. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { queryClient } from "@/api/client";
import { sessionQuery } from "@/api/session";
import { setTimeZone } from "@/i18n/format";
import { type ReadingSearch, readReadingSearch } from "@/rooms/reading/search";
import { type BoardSearch, readBoardSearch } from "@/rooms/requests/search";
import { Frame } from "./Frame";
import { homeOf } from "./home";
import { NotFound, PageComing, PageFailure } from "./PageFailure";
import { parseSearch, type Search, stringifySearch } from "./search";
import { WorklistPage } from "./WorklistPage";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: PageFailure });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Search): { next?: string; over?: string } => ({
    ...(search.next?.startsWith("/") && !search.next.startsWith("//") ? { next: search.next } : {}),
    ...(search.over ? { over: "1" } : {}),
  }),
  component: lazyRouteComponent(() => import("./LoginPage"), "LoginPage"),
});

const frame = createRoute({
  getParentRoute: () => root,
  id: "frame",
  beforeLoad: async ({ location }) => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (session === null)
      throw redirect({ to: "/login", search: location.pathname === "/" ? {} : { next: location.href } });
    setTimeZone(session.node.time_zone);
    return { session };
  },
  component: Frame,
  errorComponent: PageFailure,
});

const start = createRoute({
  getParentRoute: () => frame,
  path: "/",
  beforeLoad: ({ context }) => {
    throw redirect({ to: homeOf(context.session) });
  },
});

const reading = createRoute({
  getParentRoute: () => frame,
  path: "/reading",
  validateSearch: (search: Search): ReadingSearch => readReadingSearch(search),
  component: WorklistPage,
});

const readingExam = createRoute({
  getParentRoute: () => frame,
  path: "/reading/$exam",
  validateSearch: (search: Search): ReadingSearch & { compare?: string } => ({
    ...readReadingSearch(search),
    ...(search.compare ? { compare: search.compare } : {}),
  }),
  component: lazyRouteComponent(() => import("./ReadingPage"), "ReadingPage"),
});

const tele = createRoute({
  getParentRoute: () => frame,
  path: "/tele",
  validateSearch: (search: Search): BoardSearch => readBoardSearch(search),
  component: lazyRouteComponent(() => import("./TelePages"), "TelePage"),
});

const teleNew = createRoute({
  getParentRoute: () => frame,
  path: "/tele/new",
  validateSearch: (search: Search): { exam?: string; person?: string } => ({
    ...(search.exam ? { exam: search.exam } : {}),
    ...(search.person ? { person: search.person } : {}),
  }),
  component: lazyRouteComponent(() => import("./TelePages"), "NewRequestPage"),
});

const patients = createRoute({
  getParentRoute: () => frame,
  path: "/patients",
  component: lazyRouteComponent(() => import("./PatientsPages"), "PatientsPage"),
});

const person = createRoute({
  getParentRoute: () => frame,
  path: "/patients/$person",
  validateSearch: (search: Search): { exam?: string } => (search.exam ? { exam: search.exam } : {}),
  component: lazyRouteComponent(() => import("./PatientsPages"), "PersonPage"),
});

const exam = createRoute({
  getParentRoute: () => frame,
  path: "/patients/$person/exams/$exam",
  component: lazyRouteComponent(() => import("./PatientsPages"), "ExamPage"),
});

const network = createRoute({
  getParentRoute: () => frame,
  path: "/network",
  validateSearch: (search: Search): { link?: string } => (search.link ? { link: search.link } : {}),
  component: lazyRouteComponent(() => import("./NetworkPage"), "NetworkPage"),
});

const node = createRoute({
  getParentRoute: () => frame,
  path: "/node",
  component: lazyRouteComponent(() => import("./AdminPages"), "NodePage"),
});

const settle = createRoute({
  getParentRoute: () => frame,
  path: "/settle",
  component: lazyRouteComponent(() => import("./SettlePage"), "SettlePage"),
});

const quality = createRoute({
  getParentRoute: () => frame,
  path: "/quality",
  component: lazyRouteComponent(() => import("./QualityPages"), "QualityPage"),
});

const examQuality = createRoute({
  getParentRoute: () => frame,
  path: "/quality/$exam",
  component: lazyRouteComponent(() => import("./QualityPages"), "ExamQualityPage"),
});

const identity = createRoute({
  getParentRoute: () => frame,
  path: "/identity",
  component: lazyRouteComponent(() => import("./IdentityPage"), "IdentityPage"),
});

const admin = createRoute({
  getParentRoute: () => frame,
  path: "/admin/$section",
  validateSearch: (search: Search): Search => search,
  component: lazyRouteComponent(() => import("./AdminPages"), "AdminPage"),
});

const me = createRoute({
  getParentRoute: () => frame,
  path: "/me",
  component: lazyRouteComponent(() => import("./MePage"), "MePage"),
});

/** The eight states side by side, for the pictures of the tests; absent from what is shipped. */
const states = createRoute({
  getParentRoute: () => root,
  path: "/__states",
  component:
    import.meta.env.MODE === "production"
      ? NotFound
      : lazyRouteComponent(() => import("./StatesPage"), "StatesPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    states,
    frame.addChildren([
      start,
      reading,
      readingExam,
      tele,
      teleNew,
      patients,
      person,
      exam,
      network,
      node,
      settle,
      quality,
      examQuality,
      identity,
      admin,
      me,
    ]),
  ]),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  // A page that comes late shows at once that it comes; the router drops what a newer step overtook.
  defaultPendingComponent: PageComing,
  defaultPendingMs: 150,
  defaultPendingMinMs: 0,
  defaultErrorComponent: PageFailure,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
