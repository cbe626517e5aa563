/** Addresses of the portal's pages; nothing in them names anybody. */
let follow: () => void = () => undefined;

export const onGo = (act: () => void): void => {
  follow = act;
};

export function go(path: string): void {
  history.pushState(null, "", `/portal/${path}`);
  follow();
}
