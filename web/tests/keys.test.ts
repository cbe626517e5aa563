import { expect, test } from "vitest";
import { type Binding, Keyboard, remapped, written } from "../src/kit/keys";

const press = (
  key: string,
  held: Partial<Record<"ctrlKey" | "shiftKey" | "altKey" | "metaKey", boolean>> = {},
) => ({
  key,
  ctrlKey: false,
  shiftKey: false,
  altKey: false,
  metaKey: false,
  ...held,
});
const IDLE = { typing: false, dialog: false };
const bind = (id: string, ...strokes: string[]): Binding => ({
  id,
  strokes,
  label: id,
  run: () => undefined,
});

test("a question mark is one key, whatever Shift the board needs for it", () => {
  expect(written(press("?", { shiftKey: true }))).toBe("?");
  expect(written(press("?"))).toBe("?");
});

test("Shift counts with letters, and the command key of a Mac is Ctrl", () => {
  expect(written(press("D", { shiftKey: true }))).toBe("shift+d");
  expect(written(press("k", { metaKey: true }))).toBe("ctrl+k");
  expect(written(press(" "))).toBe("Space");
});

test("single keys rest while somebody types; Ctrl and F keys do not", () => {
  const bindings = [bind("next", "j"), bind("palette", "ctrl+k"), bind("regions", "F6")];
  const typing = { typing: true, dialog: false };

  expect(new Keyboard().press(press("j"), bindings, 0, typing)).toBeNull();
  expect(new Keyboard().press(press("k", { ctrlKey: true }), bindings, 0, typing)?.id).toBe("palette");
  expect(new Keyboard().press(press("F6"), bindings, 0, typing)?.id).toBe("regions");
});

test("a dialog takes all keys but those that say always", () => {
  const bindings = [bind("next", "j"), { ...bind("palette", "ctrl+k"), always: true }];
  const dialog = { typing: false, dialog: true };

  expect(new Keyboard().press(press("j"), bindings, 0, dialog)).toBeNull();
  expect(new Keyboard().press(press("k", { ctrlKey: true }), bindings, 0, dialog)?.id).toBe("palette");
});

test("g then l is a sequence, forgotten after a moment", () => {
  const bindings = [bind("reading", "g l")];
  const keyboard = new Keyboard();

  expect(keyboard.press(press("g"), bindings, 0, IDLE)).toBeNull();
  expect(keyboard.press(press("l"), bindings, 300, IDLE)?.id).toBe("reading");
  expect(keyboard.press(press("g"), bindings, 1000, IDLE)).toBeNull();
  expect(keyboard.press(press("l"), bindings, 9000, IDLE)).toBeNull();
});

test("a sequence wins over the single key that ends it", () => {
  const bindings = [bind("patients", "g p"), bind("pan", "p")];
  const keyboard = new Keyboard();
  keyboard.press(press("g"), bindings, 0, IDLE);

  expect(keyboard.press(press("p"), bindings, 100, IDLE)?.id).toBe("patients");
  expect(keyboard.press(press("p"), bindings, 200, IDLE)?.id).toBe("pan");
});

test("the screen shown last wins over the frame around it", () => {
  expect(new Keyboard().press(press("/"), [bind("frame", "/"), bind("screen", "/")], 0, IDLE)?.id).toBe(
    "screen",
  );
});

test("a person's own key replaces the default one", () => {
  const [changed] = remapped([bind("list.next", "j", "ArrowDown")], { "list.next": "n" });

  expect(changed?.strokes).toEqual(["n"]);
});
