"""Texts of e-mails to subscribers, in the languages of the web client."""

from ostraka.gateway.notice_texts import Language

_CONFIRM: dict[Language, tuple[str, str]] = {
    "en": (
        "Confirm: messages about {title}",
        "Somebody, probably you, asked for messages about “{title}” at this address.\n\n"
        "To confirm, open this page within 48 hours:\n{link}\n\n"
        "If it was not you, do nothing. The address is then deleted.\n",
    ),
    "de": (
        "Bitte bestätigen: Nachrichten zu {title}",
        "Jemand, wahrscheinlich Sie, möchte unter dieser Adresse Nachrichten zu „{title}“ "
        "erhalten.\n\n"
        "Öffnen Sie zur Bestätigung innerhalb von 48 Stunden diese Seite:\n{link}\n\n"
        "Wenn Sie es nicht waren, tun Sie nichts. Die Adresse wird dann gelöscht.\n",
    ),
    "es": (
        "Confirme: mensajes sobre {title}",
        "Alguien, probablemente usted, pidió mensajes sobre «{title}» en esta dirección.\n\n"
        "Para confirmarlo, abra esta página antes de 48 horas:\n{link}\n\n"
        "Si no fue usted, no haga nada. La dirección se borrará.\n",
    ),
    "pl": (
        "Potwierdzenie: wiadomości o {title}",
        "Ktoś, prawdopodobnie Państwo, zamówił na ten adres wiadomości o „{title}”.\n\n"
        "Aby potwierdzić, proszę otworzyć tę stronę w ciągu 48 godzin:\n{link}\n\n"
        "Jeśli to pomyłka, nie trzeba nic robić. Adres zostanie usunięty.\n",
    ),
}
_MESSAGE: dict[Language, str] = {
    "en": "{line}\n\n{link}\n\n-- \n"
    "You get this message because you follow it. Unsubscribe, or see and delete your data:\n"
    "{manage}\n",
    "de": "{line}\n\n{link}\n\n-- \n"
    "Sie erhalten diese Nachricht, weil Sie ihr folgen. Abbestellen, oder Ihre Daten ansehen und "
    "löschen:\n{manage}\n",
    "es": "{line}\n\n{link}\n\n-- \n"
    "Recibe este mensaje porque lo sigue. Darse de baja, o ver y borrar sus datos:\n{manage}\n",
    "pl": "{line}\n\n{link}\n\n-- \n"
    "Ta wiadomość przyszła, ponieważ została zamówiona. Rezygnacja oraz wgląd w dane i ich "
    "usunięcie:\n{manage}\n",
}


def confirmation_text(language: Language, title: str, link: str) -> tuple[str, str]:
    """Return subject and text of the e-mail that asks for confirmation."""
    subject, text = _CONFIRM[language]
    return subject.format(title=title), text.format(title=title, link=link)


def message_text(language: Language, line: str, link: str, manage: str) -> str:
    """Return the text of an e-mail.

    Args:
        line: What happened.
        link: Page about it.
        manage: Page of the subscription.
    """
    return _MESSAGE[language].format(line=line, link=link, manage=manage)
