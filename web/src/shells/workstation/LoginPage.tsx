/** The sign-in page at its address. */
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { enter } from "@/api/session";
import { speak } from "@/i18n";
import { SignIn } from "@/rooms/access/SignIn";
import { Dress } from "./Dress";
import { homeOf } from "./home";

export function LoginPage() {
  const { next, over } = useSearch({ from: "/login" });
  const navigate = useNavigate();
  const router = useRouter();
  useEffect(() => {
    document.title = "Archipel";
  }, []);
  return (
    <Dress page="other" preferred="reading">
      <SignIn
        over={over === "1"}
        entered={(session) => {
          enter(session);
          void speak(session.preferences.language);
          if (next) router.history.push(next);
          else void navigate({ to: homeOf(session) });
        }}
      />
    </Dress>
  );
}
